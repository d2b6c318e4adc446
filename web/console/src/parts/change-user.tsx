import { ShopProblem, type StaffUser, type UserChange, type UserStatus } from '@buy-from-me/client';
import { console as text } from '@buy-from-me/text';
import { Dialog, Failure, fieldErrors, SelectField, Submit, useAction, Waiting } from '@buy-from-me/ui';
import { useState } from 'preact/hooks';
import { type Choice, changeOf, possibleStatuses, readAgain } from '../people.ts';
import { STAFF_ROLES } from '../roles.ts';
import { useStaff, useUser } from '../session.tsx';
import { Form } from './form.tsx';
import { InvitationLink, useInvitation } from './invitation-link.tsx';
import { RefusedNotice } from './notices.tsx';

const words = text.changeUser;

/** What a save met: somebody else's change, or a rule of the shop. */
type Refusal =
  | { readonly kind: 'conflict'; readonly wanted: UserChange }
  | { readonly kind: 'gone' }
  | { readonly kind: 'rule'; readonly why: string };

/** Changes role or status of somebody, of the version that was read. */
export function ChangeUser(props: { user: StaffUser; onClose(): void; onChanged(user: StaffUser): void }) {
  const staff = useStaff();
  const self = useUser();
  // As the shop last told: after a conflict it is what it is by then.
  const [user, setUser] = useState(props.user);
  const [choice, setChoice] = useState<Choice>(props.user);
  const [refusal, setRefusal] = useState<Refusal>();
  const change = changeOf(user, choice);
  const save = useAction(async () => {
    setRefusal(undefined);
    if (!change) return;
    try {
      props.onChanged(await staff.users.update(user.userId, change, user.version));
    } catch (error) {
      if (!(error instanceof ShopProblem && error.status === 409)) throw error;
      // The same code stands for both: whether it is another version by now tells them apart.
      const now = await readAgain(staff, user, AbortSignal.timeout(15_000));
      if (!now) {
        setRefusal({ kind: 'gone' });
      } else if (now.version === user.version) {
        setRefusal({ kind: 'rule', why: error.detail });
      } else {
        if (!changeOf(now, choice)) {
          // It is as it was wanted: an answer was lost, or somebody wanted the same.
          props.onChanged(now);
          return;
        }
        setUser(now);
        // What was not chosen follows what it is now: saving again undoes nobody else's change.
        setChoice({ ...now, ...change });
        setRefusal({ kind: 'conflict', wanted: change });
      }
    }
  });
  const errors = fieldErrors(save.error);
  return (
    <Dialog title={words.title(user.name)} onClose={props.onClose}>
      <p class="quiet">{user.email}</p>
      {refusal && <RefusalNotice refusal={refusal} user={user} />}
      <Form class="form" error={save.error} onSubmit={() => void save.run()}>
        {save.error !== undefined && <Failure error={save.error} />}
        {user.role === 'customer' ? (
          <p class="quiet">{words.customerRole}</p>
        ) : (
          <SelectField
            label={text.fields.role}
            value={choice.role}
            onValue={(role) => setChoice({ ...choice, role: STAFF_ROLES.find((it) => it === role) ?? choice.role })}
            options={STAFF_ROLES.map((it) => ({ value: it, label: text.roles[it] }))}
            error={errors['/role']}
          />
        )}
        <SelectField
          label={text.fields.status}
          value={choice.status}
          onValue={(status) => setChoice({ ...choice, status: status as UserStatus })}
          options={possibleStatuses(user).map((it) => ({ value: it, label: text.statuses[it] }))}
          error={errors['/status']}
        />
        {user.userId === self.userId && <p class="notice notice-warn">{words.yourself}</p>}
        {save.busy && <Waiting quiet />}
        <p class="row">
          <Submit busy={save.busy} disabled={!change}>
            {words.save}
          </Submit>
          <button type="button" class="button" onClick={props.onClose}>
            {text.cancel}
          </button>
        </p>
      </Form>
      {user.status === 'invited' && user.role !== 'customer' && <InviteAgain user={user} />}
    </Dialog>
  );
}

/** Says what stands against a change. After a conflict it shows what it is now beside what was chosen. */
function RefusalNotice({ refusal, user }: { refusal: Refusal; user: StaffUser }) {
  if (refusal.kind === 'gone') return <RefusedNotice text={words.conflict.gone} />;
  if (refusal.kind === 'rule') return <RefusedNotice text={words.refused(refusal.why)} />;
  const { wanted } = refusal;
  const yours = [wanted.role && text.roles[wanted.role], wanted.status && text.statuses[wanted.status]];
  return (
    <div class="notice notice-warn conflict" role="alert">
      <p>
        <strong>{words.conflict.title}.</strong> {words.conflict.text(user.name)}
      </p>
      <dl class="facts">
        <div>
          <dt>{words.conflict.now}</dt>
          <dd>
            {text.roles[user.role]}, {text.statuses[user.status]}
          </dd>
        </div>
        <div>
          <dt>{words.conflict.yours}</dt>
          <dd>{yours.filter(Boolean).join(', ')}</dd>
        </div>
      </dl>
    </div>
  );
}

/** Makes a new link for somebody who has not accepted. */
function InviteAgain({ user }: { user: StaffUser }) {
  const { role, email, name } = user;
  const { invited, invite } = useInvitation();
  if (role === 'customer') return null;
  if (invited) return <InvitationLink invited={invited} onAnew={() => void invite.run({ email, name, role }, true)} busy={invite.busy} />;
  return (
    <div class="stack">
      <p>
        {words.invited} <span class="quiet">{words.inviteAgainHint}</span>
      </p>
      {invite.error !== undefined && <Failure error={invite.error} />}
      <p>
        <button type="button" class="button" aria-busy={invite.busy} disabled={invite.busy} onClick={() => void invite.run({ email, name, role })}>
          {words.inviteAgain}
        </button>
      </p>
    </div>
  );
}
