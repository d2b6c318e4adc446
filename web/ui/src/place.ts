// Where the reader was on the pages they came from, so that the back button leads to the
// same place: the browser restores it too early, before the page is drawn.

interface Place {
  readonly top: number;
  /** The address of the link that had the focus. */
  readonly link: string | null;
}

const places = new Map<string, Place>();
let visit = '';
/** Whether the reader came back to the present visit. */
let returned = false;
/** Whether they are where they were by now. */
let settled = true;

/** Names the present entry of the browser's history, which keeps its name over a reload. */
export function currentVisit(): string {
  return visit;
}

function enter(): void {
  const state: unknown = history.state;
  const known = typeof state === 'object' && state !== null && 'visit' in state ? state.visit : undefined;
  returned = typeof known === 'string' && places.has(known);
  settled = false;
  visit = typeof known === 'string' ? known : `${performance.timeOrigin}-${Math.random()}`;
  if (visit !== known) history.replaceState({ visit }, '');
}

/** Notes where the reader is, before another route is shown. */
export function leavePlace(): void {
  const focused = document.activeElement;
  places.set(visit, { top: scrollY, link: focused instanceof HTMLAnchorElement ? focused.getAttribute('href') : null });
  enter();
}

/** Goes to the top as a page begins that one comes to anew, before it has loaded what it shows. */
export function beginPlace(): void {
  if (!returned) scrollTo(0, 0);
}

/** Goes to where the reader was when they left this entry of the history; false if they come anew. */
export function returnToPlace(): boolean {
  const place = returned && !settled ? places.get(visit) : undefined;
  settled = true;
  if (!place) return false;
  scrollTo(0, place.top);
  const link = place.link && document.querySelector<HTMLElement>(`main a[href="${CSS.escape(place.link)}"]`);
  (link || document.querySelector<HTMLElement>('h1'))?.focus({ preventScroll: true });
  return true;
}

/** Takes over from the browser what it restores after its back button. */
export function keepPlaces(): void {
  history.scrollRestoration = 'manual';
  enter();
}
