import { ConnectionError, ShopProblem } from '@buy-from-me/client';
import { console as text } from '@buy-from-me/text';
import { Failure, fieldErrors, href, Page, PasswordField, Submit, useAction, Waiting } from '@buy-from-me/ui';
import { useEffect, useState } from 'preact/hooks';
import { forgetInvitationToken, invitationToken } from '../invitation-token.ts';
import { Form } from '../parts/form.tsx';
import { DoneNotice, RefusedNotice } from '../parts/notices.tsx';
import { useStaff } from '../session.tsx';

/** Lets somebody who was invited choose their password. */
export function InvitationPage() {
  const staff = useStaff();
  const [token, setToken] = useState(invitationToken);
  const [password, setPassword] = useState('');
  // Whether a try got no answer: then the token may be used up, and the password set.
  const [uncertain, setUncertain] = useState(false);
  const [done, setDone] = useState(false);
  const accept = useAction(async () => {
    if (token === undefined) return;
    try {
      await staff.acceptInvitation({ token, password });
    } catch (error) {
      if (error instanceof ConnectionError) setUncertain(true);
      throw error;
    }
    forgetInvitationToken();
    setDone(true);
  });
  useEffect(() => {
    // The link may be opened where this page stands already.
    const look = () => {
      const found = invitationToken();
      if (found === undefined) return;
      setToken(found);
      setDone(false);
    };
    addEventListener('hashchange', look);
    return () => removeEventListener('hashchange', look);
  }, []);
  return (
    <div class="narrow">
      <Page title={text.invitation.title} suffix={text.suffix} lead={<p class="quiet">{text.invitation.lead}</p>}>
        {done ? (
          <DoneNotice text={text.invitation.done}>
            <a class="button button-primary" href={href(['sign-in'])}>
              {text.invitation.signIn}
            </a>
          </DoneNotice>
        ) : token === undefined ? (
          <p class="notice notice-warn">{text.invitation.noToken}</p>
        ) : (
          <Form class="form card" error={accept.error} onSubmit={() => void accept.run()}>
            {accept.error !== undefined && <AcceptFailure error={accept.error} uncertain={uncertain} />}
            {accept.busy && <Waiting quiet />}
            <PasswordField
              kind="new"
              label={text.password.next}
              hint={text.passwordHint}
              value={password}
              onValue={setPassword}
              error={fieldErrors(accept.error)['/password']}
            />
            <p>
              <Submit busy={accept.busy}>{text.invitation.submit}</Submit>
            </p>
          </Form>
        )}
      </Page>
    </div>
  );
}

function AcceptFailure({ error, uncertain }: { error: unknown; uncertain: boolean }) {
  const useless = error instanceof ShopProblem && (error.status === 401 || error.errors.some((it) => it.pointer === '/token'));
  if (!useless) return <Failure error={error} />;
  return <RefusedNotice text={uncertain ? text.invitation.uncertain : text.invitation.badToken} />;
}
