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
}

const RETRY_MS = 3000;

/** Follows who is signed in, and drops what belongs to the person before. */
export class Session {
  #view: SessionView = { user: undefined, ended: false, error: undefined };
  readonly #listeners = new Set<() => void>();
  // Tells the other tabs that somebody signed out on purpose: nothing is kept for later then.
  readonly #signedOut = new BroadcastChannel('buy-from-me.signed-out');

  constructor(
    private readonly shop: CustomerClient,
    private readonly cart: CartState,
  ) {
    shop.onUserChange((user) => this.#take(user));
    this.#signedOut.onmessage = () => this.#leave();
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
    this.#signedOut.postMessage('');
    // Here everybody is signed out already; whether the shop heard of it changes nothing on the page.
    await told.catch(() => {});
  }

  #leave(): void {
    forgetKept();
    this.#show({ ...this.#view, ended: false });
  }

  #take(user: User | null): void {
    const before = this.#view.user;
    if (before?.userId !== user?.userId || before === undefined) {
      this.cart.forget();
      forgetPages();
      // What was told to the person before may have their name.
      announce('');
      if (user) {
        noteAnswer();
        // Drops what is kept for anybody else.
        keptCheckout(user.userId);
        void this.cart.load();
      }
    }
    this.#show({ user, ended: user === null && (this.#view.ended || !!before), error: undefined });
  }

  #show(view: SessionView): void {
    this.#view = view;
    this.#listeners.forEach((listener) => listener());
  }
}
