// An invitation's token comes in the address (`#/invitation?token=…`). Whoever sees
// the address bar or the history could use it, so it is taken out before anything else.
import { parseRoute } from '@buy-from-me/ui';

let token: string | undefined;

/** Takes a token out of the address, if there is one. */
function take(): void {
  // Read as the router reads it: wherever the page of invitations shows, its token goes.
  const { path, query } = parseRoute(location.hash);
  const found = query.get('token');
  if (path[0] !== 'invitation' || found === null) return;
  token = found;
  history.replaceState(null, '', '#/invitation');
}

/** Takes tokens out of the address, now and whenever it changes. Stands before the router listens. */
export function watchForInvitations(): void {
  take();
  addEventListener('hashchange', take);
}

/** Returns the token that the page was opened with. */
export function invitationToken(): string | undefined {
  return token;
}

/** Forgets the token, once it is used. */
export function forgetInvitationToken(): void {
  token = undefined;
}
