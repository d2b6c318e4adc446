import type { OrderChange, OrderStatus, Role, StaffOrder } from '@buy-from-me/client';
import { atLeast } from './roles.ts';

/** What may be done with an order next. */
export interface Steps {
  /** The status that comes after the present one. */
  readonly next: 'processing' | 'shipped' | 'delivered' | undefined;
  readonly cancel: boolean;
  readonly refund: boolean;
  readonly pay: boolean;
}

/** The statuses that orders go through, in turn. */
const WAY = ['placed', 'processing', 'shipped', 'delivered'] as const;
const CANCELLABLE: readonly OrderStatus[] = ['pending-payment', 'placed', 'processing'];

/** The most notes that an order takes, and the most characters of each. */
export const MAX_NOTES = 50;
export const MAX_NOTE = 1000;

/** Returns what somebody of a role may do with an order. */
export function stepsOf({ status, payment }: Pick<StaffOrder, 'status' | 'payment'>, role: Role): Steps {
  const at = WAY.findIndex((it) => it === status);
  const next = at >= 0 ? WAY[at + 1] : undefined;
  const isAdmin = atLeast(role, 'admin');
  return {
    next: next === 'placed' ? undefined : next,
    cancel: CANCELLABLE.includes(status),
    refund: isAdmin && (at >= 0 || status === 'cancelled') && payment.status === 'paid',
    pay: isAdmin && payment.status === 'pending' && (at >= 0 || status === 'pending-payment'),
  };
}

/**
 * Tells whether an order, read anew, has become what was asked for: an answer may have been
 * lost. `by`: who asked.
 */
export function isDone(change: OrderChange, before: StaffOrder, now: StaffOrder, by: string): boolean {
  const { status, paid, note } = change;
  if (status !== undefined && now.status !== status) return false;
  if (paid && now.payment.status !== 'paid') return false;
  const added = now.notes.slice(before.notes.length);
  return note === undefined || added.some((it) => it.by === by && it.text === note.trim());
}
