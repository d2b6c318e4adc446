import type { CustomerSearch } from '@buy-from-me/client';
import { console as text } from '@buy-from-me/text';

/** A search as it is typed. */
export interface TypedSearch {
  readonly by: 'email' | 'orderId';
  readonly email: string;
  readonly orderId: string;
  readonly reason: string;
}

/** Reads a search. What the shop alone can judge is left to it. */
export function readSearch(typed: TypedSearch): { search: CustomerSearch } | { errors: Readonly<Record<string, string>> } {
  const words = text.customers.errors;
  const [email, orderId, reason] = [typed.email.trim(), typed.orderId.trim().toLowerCase(), typed.reason.trim()];
  const length = [...reason].length;
  const errors = {
    ...(typed.by === 'email' && !/^[^@\s]+@[^@\s]+$/.test(email) && { '/email': words.email }),
    ...(typed.by === 'orderId' && !/^ord_[0-7][0-9a-hjkmnp-tv-z]{25}$/.test(orderId) && { '/orderId': words.orderId }),
    ...((length < 3 || length > 200) && { '/reason': words.reason }),
  };
  if (Object.keys(errors).length > 0) return { errors };
  return { search: typed.by === 'email' ? { email, reason } : { orderId, reason } };
}
