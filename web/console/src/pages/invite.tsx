import { ShopProblem } from '@buy-from-me/client';
import { console as text } from '@buy-from-me/text';
import { Failure, Field, fieldErrors, href, Page, SelectField, Submit, Waiting } from '@buy-from-me/ui';
import { useState } from 'preact/hooks';
import { useDraft } from '../drafts.ts';
import { Form } from '../parts/form.tsx';
import { InvitationLink, useInvitation } from '../parts/invitation-link.tsx';
import { RefusedNotice } from '../parts/notices.tsx';
import { STAFF_ROLES } from '../roles.ts';

const words = text.invite;
const EMPTY: { email: string; name: string; role: (typeof STAFF_ROLES)[number] } = { email: '', name: '', role: 'staff' };

/** Invites somebody to the staff, and shows the link for them. */
export function InvitePage() {
  const [draft, change] = useDraft('invitation', EMPTY);
  const [sent, setSent] = useState(EMPTY);
  const { invited, invite, reset } = useInvitation();
  const submit = async () => {
    const invitation = { ...draft, email: draft.email.trim(), name: draft.name.trim() };
    setSent(invitation);
    await invite.run(invitation);
  };
  const errors = fieldErrors(invite.error);
  const taken = invite.error instanceof ShopProblem && invite.error.code === 'conflict';
  return (
    <Page title={words.title} suffix={text.suffix} lead={<p class="quiet">{words.lead}</p>}>
      {invited ? (
        <div class="stack narrow-left">
          <InvitationLink invited={invited} busy={invite.busy} onAnew={() => void invite.run(sent, true)} />
          {invite.error !== undefined && <Failure error={invite.error} />}
          <p class="row">
            <button
              type="button"
              class="button"
              onClick={() => {
                reset();
                change(undefined);
              }}
            >
              {words.another}
            </button>
            <a href={href(['users'])}>{words.back}</a>
          </p>
        </div>
      ) : (
        <Form class="form card" error={invite.error} onSubmit={() => void submit()}>
          {invite.error !== undefined && (taken ? <RefusedNotice text={words.taken} /> : <Failure error={invite.error} />)}
          <Field
            label={text.fields.name}
            required
            autocomplete="off"
            value={draft.name}
            onValue={(name) => change({ name })}
            error={errors['/name']}
          />
          <Field
            label={text.fields.email}
            type="email"
            required
            autocomplete="off"
            value={draft.email}
            onValue={(email) => change({ email })}
            error={errors['/email']}
          />
          <SelectField
            label={text.fields.role}
            hint={words.roleHints[draft.role]}
            value={draft.role}
            onValue={(role) => change({ role: STAFF_ROLES.find((it) => it === role) ?? 'staff' })}
            options={STAFF_ROLES.map((it) => ({ value: it, label: text.roles[it] }))}
            error={errors['/role']}
          />
          {invite.busy && <Waiting quiet />}
          <p class="row">
            <Submit busy={invite.busy}>{words.submit}</Submit>
            <a href={href(['users'])}>{words.back}</a>
          </p>
        </Form>
      )}
    </Page>
  );
}
