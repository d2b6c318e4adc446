import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StaffOrder } from '@buy-from-me/client';
import { isDone, stepsOf } from '../src/order-steps.ts';

const STATUSES = ['pending-payment', 'placed', 'processing', 'shipped', 'delivered', 'cancelled', 'expired', 'refunded'] as const;
type Paid = StaffOrder['payment']['status'];

function steps(status: (typeof STATUSES)[number], role: 'staff' | 'admin' = 'admin', paid: Paid = 'pending') {
  return stepsOf({ status, payment: { method: 'invoice', status: paid } }, role);
}

test('an order moves one step at a time', () => {
  const next = STATUSES.map((it) => steps(it, 'staff').next);
  assert.deepEqual(next, [undefined, 'processing', 'shipped', 'delivered', undefined, undefined, undefined, undefined]);
});

test('an order is cancelled before it is shipped', () => {
  assert.deepEqual(STATUSES.filter((it) => steps(it, 'staff').cancel), ['pending-payment', 'placed', 'processing']);
});

test('payments are an admin’s: what is paid once is not paid again, and only that is refunded', () => {
  assert.deepEqual(STATUSES.filter((it) => steps(it).pay), ['pending-payment', 'placed', 'processing', 'shipped', 'delivered']);
  assert.deepEqual(STATUSES.filter((it) => steps(it, 'admin', 'paid').refund), ['placed', 'processing', 'shipped', 'delivered', 'cancelled']);
  for (const status of STATUSES) {
    assert.equal(steps(status).refund, false, status);
    for (const paid of ['pending', 'paid', 'refunded'] as const) {
      if (paid !== 'pending') assert.equal(steps(status, 'admin', paid).pay, false, status);
      const { refund, pay } = steps(status, 'staff', paid);
      assert.deepEqual([refund, pay], [false, false], status);
    }
  }
});

const ORDER: StaffOrder = {
  orderId: 'ord_01m7zw4tr33rhbbckb7sx7j0px',
  userId: 'usr_01m7zw4tr33rhbbckb7sx7j0px',
  status: 'placed',
  createdAt: '2026-11-21T10:00:00Z',
  lines: [],
  total: { amount: 100, currency: 'EUR' },
  shippingAddress: { name: 'Alice', line1: '1 Street', postalCode: '1', city: 'Berlin', country: 'DE' },
  payment: { method: 'invoice', status: 'pending' },
  history: [{ status: 'placed', at: '2026-11-21T10:00:00Z' }],
  notes: [{ text: 'Before', by: 'usr_me', at: '2026-11-21T10:00:00Z' }],
  version: 1,
};

test('whether a change was done after all is told by the order', () => {
  const shipped: StaffOrder = { ...ORDER, status: 'shipped', payment: { method: 'invoice', status: 'paid' } };
  assert.equal(isDone({ status: 'shipped' }, ORDER, shipped, 'usr_me'), true);
  assert.equal(isDone({ status: 'cancelled' }, ORDER, shipped, 'usr_me'), false);
  assert.equal(isDone({ paid: true }, ORDER, shipped, 'usr_me'), true);
  assert.equal(isDone({ paid: true }, ORDER, ORDER, 'usr_me'), false);
});

test('a note is there if it was added since, by whoever asked', () => {
  const at = ORDER.createdAt;
  const noted = (by: string, text: string) => ({ ...ORDER, notes: [...ORDER.notes, { text, by, at }] });
  assert.equal(isDone({ note: 'Called. ' }, ORDER, noted('usr_me', 'Called.'), 'usr_me'), true);
  assert.equal(isDone({ note: 'Called.' }, ORDER, noted('usr_other', 'Called.'), 'usr_me'), false);
  assert.equal(isDone({ note: 'Before' }, ORDER, ORDER, 'usr_me'), false, 'the same words, said before');
});
