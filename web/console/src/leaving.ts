/**
 * Hides the page when it is left, and loads it anew when the browser takes it out of
 * its back/forward cache: whoever signed out elsewhere in between must not find here
 * what was shown before.
 */
export function hideWhileAway(): void {
  addEventListener('pagehide', () => {
    document.body.hidden = true;
  });
  addEventListener('pageshow', (event) => {
    if (event.persisted) location.reload();
  });
}
