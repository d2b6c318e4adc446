// What outlives a reload, and a session that ends midway: kept in this tab alone, for one
// person, and dropped as soon as somebody signs out or another person signs in.
import { type CheckoutState, type ShippingAddress, tabStorage } from '@buy-from-me/client';

const CHECKOUT = 'buy-from-me.checkout';
const TO_ADD = 'buy-from-me.to-add';

const storage = tabStorage();

/** An address as it is being typed: nothing is left out, everything may be empty. */
export type TypedAddress = { readonly [Field in keyof ShippingAddress]-?: string };

/** A checkout as it is kept. */
export interface KeptCheckout {
  readonly userId: string;
  readonly address?: TypedAddress | undefined;
  /** The attempt of which it isn't known what became of it. */
  readonly attempt?: CheckoutState | undefined;
}

/** What somebody wanted to put into the cart before they were signed in. */
export interface ToAdd {
  readonly productId: string;
  readonly name: string;
  readonly quantity: number;
}

function read<T>(name: string): T | undefined {
  try {
    return (JSON.parse(storage.getItem(name) ?? 'null') as T | null) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Returns the checkout that is kept for this person; that of another is dropped. */
export function keptCheckout(userId: string): KeptCheckout | undefined {
  const kept = read<KeptCheckout>(CHECKOUT);
  if (kept && kept.userId !== userId) storage.removeItem(CHECKOUT);
  return kept?.userId === userId ? kept : undefined;
}

/** Keeps some of a checkout besides what is kept of it. */
export function keepCheckout(userId: string, part: Omit<KeptCheckout, 'userId'>): void {
  storage.setItem(CHECKOUT, JSON.stringify({ ...keptCheckout(userId), ...part, userId }));
}

/** Drops the checkout that is kept: its order is placed. */
export function forgetCheckout(): void {
  storage.removeItem(CHECKOUT);
}

/** Tells whether anybody's checkout is kept, without telling whose. */
export function isCheckoutKept(): boolean {
  return read<KeptCheckout>(CHECKOUT) !== undefined;
}

/** Keeps what shall be added to the cart once somebody is signed in. */
export function keepToAdd(wanted: ToAdd): void {
  storage.setItem(TO_ADD, JSON.stringify(wanted));
}

/** Tells what waits to be added. */
export function waitingToAdd(): ToAdd | undefined {
  return read<ToAdd>(TO_ADD);
}

/** Returns what waits to be added, and no longer keeps it. */
export function takeToAdd(): ToAdd | undefined {
  const wanted = read<ToAdd>(TO_ADD);
  storage.removeItem(TO_ADD);
  return wanted;
}

/** Drops all that is kept, for somebody has signed out. */
export function forgetKept(): void {
  forgetCheckout();
  storage.removeItem(TO_ADD);
}
