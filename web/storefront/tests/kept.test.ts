import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { Categories } from '../src/categories.ts';
import { emptyAddress } from '../src/checkout/address.tsx';
import { forgetKept, isCheckoutKept, keepCheckout, keepToAdd, keptCheckout, takeToAdd, waitingToAdd } from '../src/kept.ts';

beforeEach(() => {
  const items = new Map<string, string>();
  const storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> = {
    getItem: (name) => items.get(name) ?? null,
    setItem: (name, value) => void items.set(name, value),
    removeItem: (name) => void items.delete(name),
  };
  Object.defineProperty(globalThis, 'sessionStorage', { configurable: true, value: storage });
});

afterEach(forgetKept);

/** Makes the browser refuse its storage, as it does to a page whose data is blocked. */
function refuseStorage(): void {
  Object.defineProperty(globalThis, 'sessionStorage', {
    configurable: true,
    get() {
      throw new DOMException('denied', 'SecurityError');
    },
  });
}

/** Makes the browser's storage take nothing more. */
function fillStorage(): void {
  sessionStorage.setItem = () => {
    throw new DOMException('full', 'QuotaExceededError');
  };
}

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

for (const [state, spoil] of [['refused', refuseStorage], ['full', fillStorage]] as const) {
  test(`storage that is ${state} keeps nothing from being kept while the page is open`, async () => {
    spoil();
    keepCheckout('usr_a', { address });
    assert.deepEqual(keptCheckout('usr_a')?.address, address);
    keepToAdd({ productId: 'prod_1', name: 'Pot', quantity: 2 });
    assert.equal(takeToAdd()?.quantity, 2);
    assert.equal(takeToAdd(), undefined);
    assert.equal(keptCheckout('usr_b'), undefined);
    assert.equal(isCheckoutKept(), false);
    const mugs = { slug: 'mugs', name: 'Mugs', parent: null, version: 1 };
    const categories = new Categories();
    await categories.load({ categories: { list: () => Promise.resolve([mugs]) } });
    assert.deepEqual(categories.view, [mugs]);
  });
}

test('what a full storage has no room for does not leave there what it replaces', () => {
  keepCheckout('usr_a', { address });
  fillStorage();
  keepCheckout('usr_a', { address: emptyAddress('Anna') });
  assert.equal(keptCheckout('usr_a')?.address?.name, 'Anna');
  assert.equal(sessionStorage.getItem('buy-from-me.checkout'), null);
});
