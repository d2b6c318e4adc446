import {
  type CheckoutAttempt, type CheckoutRequest, type CheckoutState, type CustomerClient, type Order, type ProblemCode, SessionEnded, ShopProblem,
} from '@buy-from-me/client';
import { LONGEST_PAUSE_MS, secondsToWait } from '@buy-from-me/ui';

/** Where a checkout stands. */
export type Checkout =
  | { readonly state: 'editing' }
  /** `lost`: of an earlier request with the same key the answer is not known. */
  | { readonly state: 'sending'; readonly lost: boolean }
  /** It isn't known whether there is an order. It is asked again by itself. */
  | { readonly state: 'unknown'; readonly error: unknown }
  /** Nothing was ordered, and the shop said why. */
  | { readonly state: 'refused'; readonly error: unknown; readonly request: CheckoutRequest }
  | { readonly state: 'placed'; readonly order: Order };

/** What a failure means to a checkout. */
export type Outcome =
  /** The shop refused; there is no order of this attempt. */
  | 'refused'
  /** The request was turned away before it was looked at. */
  | 'turned-away'
  /** Whether there is an order is not known. */
  | 'unknown';

/** How the shop refuses an order, by the contract of `checkout`: the code, and the status that it comes with. */
const REFUSALS: ReadonlyMap<ProblemCode, number> = new Map<ProblemCode, number>([
  ['malformed', 400],
  ['empty-cart', 409],
  ['out-of-stock', 409],
  ['price-changed', 409],
  ['cart-changed', 409],
  ['invalid', 422],
  ['idempotency-mismatch', 422],
]);

/** Says what a failed request means. `lost`: whether an earlier one of the same key went unanswered. */
export function outcome(error: unknown, lost: boolean): Outcome {
  if (!(error instanceof ShopProblem)) return 'unknown';
  // The shop answers these before it looks at the order: they tell nothing of an earlier request.
  if (error.status === 401 || error.status === 429) return lost ? 'unknown' : 'turned-away';
  // Only the shop's own answers have an id. What a firewall or a proxy says tells nothing of the order.
  return error.requestId && REFUSALS.get(error.code) === error.status ? 'refused' : 'unknown';
}

/** Returns the milliseconds before the next try after `tries` that went unanswered. */
export function pause(tries: number, error: unknown): number {
  const asked = error instanceof ShopProblem ? secondsToWait(error, 0) * 1000 : 0;
  return Math.min(Math.max(asked, Math.min(2000 * 2 ** Math.min(tries, 3), 15_000)), LONGEST_PAUSE_MS);
}

/** Keeps an attempt over a reload; undefined: none is open any more. */
export type KeepAttempt = (attempt: CheckoutState | undefined) => void;

/**
 * One checkout, from the first click to the order. It makes one order, however often it is
 * asked for: an attempt has one key, which changes only with what is ordered, and only once
 * it is known that the attempt before made none.
 */
export class CheckoutFlow {
  #view: Checkout = { state: 'editing' };
  readonly #listeners = new Set<() => void>();
  #attempt: CheckoutAttempt | undefined;
  #lost = false;
  #tries = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(
    private readonly shop: Pick<CustomerClient, 'checkout' | 'resumeCheckout'>,
    private readonly keep: KeepAttempt,
  ) {}

  get view(): Checkout {
    return this.#view;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Goes on with an attempt that a reload interrupted. What can't be read is dropped. */
  resume(kept: CheckoutState): void {
    try {
      this.#attempt = this.shop.resumeCheckout(kept);
    } catch {
      return this.#keep(undefined);
    }
    this.#lost = true;
    void this.#submit(this.#attempt);
  }

  /** Places the order. Does nothing while that is under way, or once it is done. */
  place(request: CheckoutRequest): void {
    if (this.#view.state === 'sending' || this.#view.state === 'unknown' || this.#view.state === 'placed') return;
    const same = this.#attempt && JSON.stringify(this.#attempt.request) === JSON.stringify(request);
    const attempt = same && this.#attempt ? this.#attempt : this.shop.checkout(request);
    this.#attempt = attempt;
    void this.#submit(attempt);
  }

  /** Asks at once what became of an attempt. */
  ask(): void {
    if (this.#view.state === 'unknown' && this.#attempt) void this.#submit(this.#attempt);
  }

  /** Stops asking. What is under way is not cancelled, since the shop may have got it. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #submit(attempt: CheckoutAttempt): Promise<void> {
    clearTimeout(this.#timer);
    // Kept before it is sent: a reload in between must use the same key.
    this.#keep(attempt.toJSON());
    this.#show({ state: 'sending', lost: this.#lost });
    try {
      const { order } = await attempt.submit();
      this.#keep(undefined);
      this.#show({ state: 'placed', order });
    } catch (error) {
      this.#fail(attempt, error);
    }
  }

  #fail(attempt: CheckoutAttempt, error: unknown): void {
    // Somebody signed out or another one signed in: whose page this is has changed.
    if (error instanceof SessionEnded) return;
    const what = outcome(error, this.#lost);
    if (what === 'unknown') {
      this.#lost = true;
      this.#show({ state: 'unknown', error });
      if (!this.#closed) this.#timer = setTimeout(() => this.ask(), pause(this.#tries++, error));
      return;
    }
    this.#keep(undefined);
    this.#lost = false;
    this.#tries = 0;
    if (what === 'refused') this.#attempt = undefined;
    this.#show({ state: 'refused', error, request: attempt.request });
  }

  /** Keeps an attempt, if that works: what can't be kept is ordered all the same. */
  #keep(attempt: CheckoutState | undefined): void {
    try {
      this.keep(attempt);
    } catch (error) {
      console.error(error);
    }
  }

  #show(view: Checkout): void {
    this.#view = view;
    this.#listeners.forEach((listener) => listener());
  }
}
