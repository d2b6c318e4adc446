import type { Attempt, Invitation, InvitedUser } from '@buy-from-me/client';
import { console as text } from '@buy-from-me/text';
import { type Action, formatDate, useAction } from '@buy-from-me/ui';
import { useId, useRef, useState } from 'preact/hooks';
import { useStaff } from '../session.tsx';

const words = text.invite;

/** Returns who was invited, and the action that invites: the same invitation sent again is one, unless it is to be made anew. */
export function useInvitation(): {
  invited: InvitedUser | undefined;
  invite: Action<[invitation: Invitation, anew?: boolean]>;
  reset(): void;
} {
  const staff = useStaff();
  const attempt = useRef<{ typed: string; attempt: Attempt<InvitedUser> } | undefined>(undefined);
  const [invited, setInvited] = useState<InvitedUser>();
  const invite = useAction(async (invitation: Invitation, anew = false) => {
    const typed = JSON.stringify(invitation);
    if (anew || attempt.current?.typed !== typed) attempt.current = { typed, attempt: staff.users.attempt(invitation) };
    const { value } = await attempt.current.attempt.submit();
    setInvited(value);
  });
  const reset = () => {
    attempt.current = undefined;
    setInvited(undefined);
    invite.clear();
  };
  return { invited, invite, reset };
}

/** Returns the address at which an invitation is accepted: this page, wherever it is served. */
function linkOf(token: string): string {
  return `${location.origin}${location.pathname}#/invitation?${new URLSearchParams({ token })}`;
}

/** Shows an invitation's link: once, since the shop keeps only its hash. */
export function InvitationLink(props: { invited: InvitedUser; onAnew(): void; busy: boolean }) {
  const { name, invitation } = props.invited;
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const [told, setTold] = useState('');
  if (!invitation) {
    return (
      <div class="notice notice-warn" role="status">
        <p>{words.lost(name)}</p>
        <button type="button" class="button" aria-busy={props.busy} disabled={props.busy} onClick={props.onAnew}>
          {words.anew}
        </button>
      </div>
    );
  }
  const link = linkOf(invitation.token);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(link);
      setTold(words.copied);
    } catch {
      field.current?.select();
      setTold(words.notCopied);
    }
  };
  return (
    <div class="card stack">
      <h2>{words.linkTitle(name)}</h2>
      <div class="field">
        <label for={id}>{words.link}</label>
        <div class="row nowrap">
          <input
            ref={field}
            id={id}
            class="mono"
            readOnly
            value={link}
            aria-describedby={`${id}-hint`}
            onFocus={(event) => event.currentTarget.select()}
          />
          <button type="button" class="button button-primary" onClick={() => void copy()}>
            {words.copy}
          </button>
        </div>
        <p class="field-hint" id={`${id}-hint`}>
          {words.linkHint(formatDate(invitation.expiresAt))}
        </p>
        {/* Here, and not by `announce`: behind a dialog that would not be read. */}
        <p class="field-told" role="status">
          {told}
        </p>
      </div>
    </div>
  );
}
