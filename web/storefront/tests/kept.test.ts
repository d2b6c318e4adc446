import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { emptyAddress } from '../src/checkout/address.tsx';
import { forgetKept, isCheckoutKept, keepCheckout, keepToAdd, keptCheckout, takeToAdd, waitingToAdd } from '../src/kept.ts';

beforeEach(() => {
  const items = new Map<string, string>();
  const storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> = {
    getItem: (name) => items.get(name) ?? null,
    setItem: (name, value) => void items.set(name, value),
    removeItem: (name) => void items.delete(name),
  };
  Object.assign(globalThis, { sessionStorage: storage });
});

const address = emptyAddress('Alice');

test('a checkout is kept part by part', () => {
  keepCheckout('usr_a', { address });
  keepCheckout('usr_a', { attempt: undefined });
  assert.deepEqual(keptCheckout('usr_a'), { userId: 'usr_a', address });
});

test('a checkout is shown to nobody else, and gone once somebody else has asked', () => {
  keepCheckout('usr_a', { address });
  assert.equal(keptCheckout('usr_b'), undefined);
  assert.equal(keptCheckout('usr_a'), undefined);
  assert.equal(isCheckoutKept(), false);
});

test('what somebody else types replaces what was kept', () => {
  keepCheckout('usr_a', { address });
  keepCheckout('usr_b', {});
  assert.deepEqual(keptCheckout('usr_b'), { userId: 'usr_b' });
});

test('who signs out leaves nothing behind', () => {
  keepCheckout('usr_a', { address });
  keepToAdd({ productId: 'prod_1', name: 'Pot', quantity: 2 });
  forgetKept();
  assert.equal(isCheckoutKept(), false);
  assert.equal(waitingToAdd(), undefined);
});

test('what waits to be added is taken once', () => {
  keepToAdd({ productId: 'prod_1', name: 'Pot', quantity: 2 });
  assert.equal(takeToAdd()?.quantity, 2);
  assert.equal(takeToAdd(), undefined);
});

test('what is kept and can\'t be read counts as nothing', () => {
  sessionStorage.setItem('buy-from-me.checkout', '{');
  assert.equal(keptCheckout('usr_a'), undefined);
});
