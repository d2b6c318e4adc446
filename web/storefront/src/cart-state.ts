import type { Cart, CartItem, CustomerClient } from '@buy-from-me/client';

/** The cart as far as it is known. */
export interface CartView {
  /** Undefined before it was loaded, and while nobody is signed in. */
  readonly cart: Cart | undefined;
  /** Why it could not be loaded. */
  readonly error: unknown;
}

type CartCalls = Pick<CustomerClient, 'cart'>;

/** Returns how many things a cart holds, those that can't be bought too. */
export function countItems(cart: Cart | undefined): number {
  return countPieces(cart?.items ?? []);
}

/** Returns how many pieces these lines are of. */
export function countPieces(lines: readonly CartItem[]): number {
  return lines.reduce((sum, line) => sum + line.quantity, 0);
}

/** Returns the lines that can be bought as they stand, and those that can't. */
export function sortedOut(cart: Cart | undefined): { buyable: readonly CartItem[]; others: readonly CartItem[] } {
  const lines = cart?.items ?? [];
  return { buyable: lines.filter((it) => it.purchasable), others: lines.filter((it) => !it.purchasable) };
}

/** Whether fewer of a line could be bought, though not as many as it asks for. */
export function isTooMany(line: CartItem): boolean {
  return !line.purchasable && line.availability !== 'out-of-stock';
}

/**
 * The one cart that all parts of the page show. Changes are sent one after the other, so
 * that the answer that comes last is the newest. `forget` drops what it knows: answers
 * that come later are those of a person before, and change nothing.
 */
export class CartState {
  #view: CartView = { cart: undefined, error: undefined };
  readonly #listeners = new Set<() => void>();
  #queue: Promise<unknown> = Promise.resolve();
  #person = 0;

  constructor(private readonly shop: CartCalls) {}

  get view(): CartView {
    return this.#view;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Reads the cart anew. A failure stands in the view. */
  async load(): Promise<void> {
    await this.#inTurn(() => this.shop.cart.get()).catch(() => {});
  }

  /** Sets how many of a product there are. */
  async set(productId: string, quantity: number): Promise<void> {
    await this.#inTurn(() => this.shop.cart.setItem(productId, quantity), false);
  }

  /** Adds some of a product to what the cart holds of it. */
  async add(productId: string, quantity: number): Promise<void> {
    await this.#inTurn(async () => {
      const cart = this.#view.cart ?? (await this.shop.cart.get());
      const held = cart.items.find((line) => line.productId === productId)?.quantity ?? 0;
      return this.shop.cart.setItem(productId, Math.min(held + quantity, 99));
    }, false);
  }

  /** Takes a product out. */
  async remove(productId: string): Promise<void> {
    await this.#inTurn(async () => {
      await this.shop.cart.removeItem(productId);
      return this.shop.cart.get();
    }, false);
  }

  /** Drops the cart, for somebody else signs in or nobody is signed in any more. */
  forget(): void {
    this.#person += 1;
    this.#queue = Promise.resolve();
    this.#show({ cart: undefined, error: undefined });
  }

  #inTurn(call: () => Promise<Cart>, keepError = true): Promise<void> {
    const person = this.#person;
    const result = this.#queue.then(async () => {
      if (person !== this.#person) return;
      try {
        const cart = await call();
        if (person === this.#person) this.#show({ cart, error: undefined });
      } catch (error) {
        if (person === this.#person && keepError) this.#show({ cart: this.#view.cart, error });
        throw error;
      }
    });
    this.#queue = result.catch(() => {});
    return result;
  }

  #show(view: CartView): void {
    this.#view = view;
    this.#listeners.forEach((listener) => listener());
  }
}
