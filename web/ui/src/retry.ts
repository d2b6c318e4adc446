// When it is worth trying again. A shop may ask for any wait, and whoever stands in between, too.
import { ConnectionError, ShopProblem } from '@buy-from-me/client';

/**
 * The longest that a page waits before it tries again by itself, in milliseconds. It is far
 * below the 24 days from which on a timer of a browser goes off at once.
 */
export const LONGEST_PAUSE_MS = 5 * 60 * 1000;

/** The longest wait that a page speaks of, in seconds: a day. */
const LONGEST_WAIT = 24 * 60 * 60;

/** Returns the seconds to wait that a problem names, at most a day; `otherwise` if it names none. */
export function secondsToWait(problem: ShopProblem, otherwise: number): number {
  const seconds = problem.retryAfter ?? otherwise;
  if (Number.isNaN(seconds)) return otherwise;
  return Math.min(Math.max(seconds, 0), LONGEST_WAIT);
}

/** Returns the milliseconds after which it is worth trying again, or undefined if it never is. */
export function retryDelay(error: unknown): number | undefined {
  if (error instanceof ConnectionError) return 3000;
  if (error instanceof ShopProblem && (error.status === 429 || error.status >= 500)) {
    return Math.min(Math.max(secondsToWait(error, 3), 1) * 1000, LONGEST_PAUSE_MS);
  }
  return undefined;
}
