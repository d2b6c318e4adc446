import type { CustomerClient, User } from '@buy-from-me/client';
import { announce, forgetPages, noteAnswer } from '@buy-from-me/ui';
import type { CartState } from './cart-state.ts';
import { forgetKept, keptCheckout } from './kept.ts';

/** Who is signed in here. */
export interface SessionView {
  /** Null: nobody. Undefined: not known yet. */
  readonly user: User | null | undefined;
  /** Whether a session ended without anybody signing out. */
  readonly ended: boolean;
  /** Why it is not known yet. */
  readonly error: unknown;
  /** Another number once somebody has left: no page that was theirs may stay. */
  readonly turn: number;
}

const RETRY_MS = 3000;

/** Follows who is signed in, and drops what belongs to the person before. */
export class Session {
  #view: SessionView = { user: undefined, ended: false, error: undefined, turn: 0 };
  readonly #listeners = new Set<() => void>();

  /** `signedOut` tells the other tabs that somebody signed out on purpose: nothing is kept for later then. */
  constructor(
    private readonly shop: Pick<CustomerClient, 'onUserChange' | 'restore' | 'signOut'>,
    private readonly cart: CartState,
    private readonly signedOut = new BroadcastChannel('buy-from-me.signed-out'),
  ) {
    shop.onUserChange((user) => this.#take(user));
    signedOut.onmessage = () => this.#leave();
  }

  get view(): SessionView {
    return this.#view;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes over the session that this tab had before a reload, or that another tab has. */
  async restore(): Promise<void> {
    try {
      this.#take(await this.shop.restore());
    } catch (error) {
      if (this.#view.user !== undefined) return;
      this.#show({ ...this.#view, error });
      setTimeout(() => void this.restore(), RETRY_MS);
    }
  }

  /** Signs out in all tabs, or on all devices. Nothing of the person stays in this tab. */
  async signOut({ everywhere = false } = {}): Promise<void> {
    const told = this.shop.signOut({ everywhere });
    if (everywhere) await told;
    this.#leave();
    this.#take(null);
    this.signedOut.postMessage('');
    // Here everybody is signed out already; whether the shop heard of it changes nothing on the page.
    await told.catch(() => {});
  }

  #leave(): void {
    forgetKept();
    this.#show({ ...this.#view, ended: false });
  }

  #take(user: User | null): void {
    const { user: before, ended, turn } = this.#view;
    const isOther = before?.userId !== user?.userId;
    const left = isOther && !!before;
    if (left) {
      this.cart.forget();
      forgetPages();
      // What was told to the person before may have their name.
      announce('');
    }
    this.#show({
      user,
      ended: user === null && (ended || left),
      error: undefined,
      turn: left ? turn + 1 : turn,
    });
    if (user && isOther) {
      noteAnswer();
      // Drops what is kept for anybody else.
      keptCheckout(user.userId);
      void this.cart.load();
    }
  }

  #show(view: SessionView): void {
    this.#view = view;
    this.#listeners.forEach((listener) => listener());
  }
}
