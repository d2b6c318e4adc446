import { ConnectionError } from '@buy-from-me/client';
import { console as text } from '@buy-from-me/text';
import { Failure, fieldErrors, Page, PasswordField, Submit, useAction, Waiting } from '@buy-from-me/ui';
import { useState } from 'preact/hooks';
import { Form } from '../parts/form.tsx';
import { DoneNotice } from '../parts/notices.tsx';
import { useStaff, useUser } from '../session.tsx';

/** Changes the password of whoever is signed in. */
export function PasswordPage() {
  const staff = useStaff();
  const user = useUser();
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const [done, setDone] = useState(false);
  const change = useAction(async () => {
    setDone(false);
    await staff.changePassword({ currentPassword: current, newPassword: next });
    setCurrent('');
    setNext('');
    setDone(true);
  });
  const errors = fieldErrors(change.error);
  return (
    <Page title={text.password.title} suffix={text.suffix} lead={<p class="quiet">{text.password.lead}</p>}>
      <Form class="form card" error={change.error} onSubmit={() => void change.run()}>
        {change.error !== undefined && <Failure error={change.error} />}
        {change.error instanceof ConnectionError && <p>{text.password.uncertain}</p>}
        {change.busy && <Waiting quiet />}
        {done && <DoneNotice text={text.password.done} />}
        {/* Password managers look for the name that a password belongs to. */}
        <input type="email" autocomplete="username" value={user.email} readOnly hidden />
        <PasswordField
          kind="current"
          label={text.password.current}
          value={current}
          onValue={setCurrent}
          error={errors['/currentPassword']}
        />
        <PasswordField
          kind="new"
          label={text.password.next}
          hint={text.passwordHint}
          value={next}
          onValue={setNext}
          error={errors['/newPassword']}
        />
        <p>
          <Submit busy={change.busy}>{text.password.submit}</Submit>
        </p>
      </Form>
    </Page>
  );
}
