import type { Availability, StockChange } from '@buy-from-me/client';
import { console as text } from '@buy-from-me/text';

/** The most pieces that the shop keeps account of. */
export const MAX_STOCK = 1_000_000;

/** From how many pieces on the shop speaks of few, by the contract. */
const FEW = 5;

/** What can be done to the stock. */
export const HOWS = ['add', 'remove', 'set'] as const;
export type How = (typeof HOWS)[number];

/** Reads a number of pieces. */
export function readPieces(typed: string, least = 0): { pieces: number } | { errors: string } {
  const digits = typed.trim();
  const pieces = /^\d{1,7}$/.test(digits) ? Number(digits) : -1;
  if (pieces < least || pieces > MAX_STOCK) return { errors: text.stock.error(least, MAX_STOCK) };
  return { pieces };
}

/** Reads a change of the stock. */
export function readStockChange(how: How, typed: string): { change: StockChange } | { errors: string } {
  const read = readPieces(typed, how === 'set' ? 0 : 1);
  if ('errors' in read) return read;
  const { pieces } = read;
  return { change: how === 'set' ? { available: pieces } : { adjustBy: how === 'add' ? pieces : -pieces } };
}

/** Returns how the shop calls so many pieces. */
export function availabilityOf(pieces: number): Availability {
  if (pieces <= 0) return 'out-of-stock';
  return pieces <= FEW ? 'low-stock' : 'in-stock';
}
