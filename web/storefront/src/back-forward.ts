import type { Session } from './session.ts';

/**
 * Keeps what is private off the screen when the browser brings back a whole page that it
 * had put aside: the page is hidden as it goes, and read anew as it comes, so that it
 * shows who is signed in now.
 */
export function guardBackForward(session: Session, root: HTMLElement): void {
  addEventListener('pagehide', (event) => {
    if (event.persisted && session.view.user !== null) root.hidden = true;
  });
  addEventListener('pageshow', (event) => {
    if (event.persisted && root.hidden) location.reload();
  });
}
