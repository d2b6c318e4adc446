import type { Money } from '@buy-from-me/client';
import { language } from '@buy-from-me/text';

/** Returns how many minor units one major unit of a currency has, as a power of ten. */
function digits(currency: string): number {
  return new Intl.NumberFormat(language, { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;
}

/** Returns an amount as people write it: €19.99. */
export function formatMoney({ amount, currency }: Money): string {
  return new Intl.NumberFormat(language, { style: 'currency', currency }).format(amount / 10 ** digits(currency));
}

/**
 * Reads an amount that somebody typed (`19.99`, `19,99`, `1999`) as minor units, without
 * ever computing with fractions; undefined if it is none or has too many decimals.
 */
export function parseMoney(text: string, currency: string): Money | undefined {
  const places = digits(currency);
  const match = /^(\d{1,9})(?:[.,](\d+))?$/.exec(text.trim());
  if (!match) return undefined;
  const [, whole = '', fraction = ''] = match;
  if (fraction.length > places) return undefined;
  return { amount: Number(whole + fraction.padEnd(places, '0')), currency };
}

/** Returns a time of the API (RFC 3339, UTC) as date and time where the reader is. */
export function formatDate(time: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(time));
}
