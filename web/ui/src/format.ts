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

/** Returns an amount as one would type it: 19.99. `parseMoney` reads it. */
export function typedMoney({ amount, currency }: Money): string {
  const places = digits(currency);
  const text = String(amount).padStart(places + 1, '0');
  return places === 0 ? text : `${text.slice(0, -places)}.${text.slice(-places)}`;
}

/** Returns a time of the API (RFC 3339, UTC) as date and time where the reader is. */
export function formatDate(time: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(time));
}

const countries = new Intl.DisplayNames(language, { type: 'region', fallback: 'code' });

/** Returns a country's name by its code of two letters; the code itself, if it is none. */
export function countryName(code: string): string {
  try {
    return countries.of(code) ?? code;
  } catch {
    return code;
  }
}
