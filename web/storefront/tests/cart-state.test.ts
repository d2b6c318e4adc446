import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Cart, ConnectionError } from '@buy-from-me/client';
import { CartState, countItems, countPieces, isTooMany, sortedOut } from '../src/cart-state.ts';

const line = (productId: string, quantity: number): Cart['items'][number] => ({
  productId,
  name: productId,
  quantity,
  unitPrice: { amount: 100, currency: 'EUR' },
  lineTotal: { amount: 100 * quantity, currency: 'EUR' },
  availability: 'in-stock',
  purchasable: true,
});
const cartOf = (...items: Cart['items']): Cart => ({ items, total: { amount: 0, currency: 'EUR' } });

/** A cart of the shop's, which answers when the test says so. */
function shop() {
  let items: Cart['items'] = [];
  const waiting: (() => void)[] = [];
  const asked: string[] = [];
  const answer = <T>(name: string, value: () => T) => {
    asked.push(name);
    return new Promise<T>((resolve) => waiting.push(() => resolve(value())));
  };
  return {
    asked,
    async next() {
      while (waiting.length === 0) await new Promise((resolve) => setImmediate(resolve));
      waiting.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    },
    cart: {
      get: () => answer('get', () => cartOf(...items)),
      setItem: (id: string, quantity: number) =>
        answer(`set ${id} ${quantity}`, () => {
          items = [...items.filter((it) => it.productId !== id), line(id, quantity)];
          return cartOf(...items);
        }),
      removeItem: (id: string) =>
        answer(`remove ${id}`, () => {
          items = items.filter((it) => it.productId !== id);
        }),
    },
  };
}

test('changes are sent one after the other', async () => {
  const it = shop();
  const cart = new CartState(it);
  const first = cart.set('a', 1);
  const second = cart.set('a', 2);
  await it.next();
  await first;
  assert.deepEqual(it.asked, ['set a 1', 'set a 2']);
  await it.next();
  await second;
  assert.equal(countItems(cart.view.cart), 2);
});

test('what is added comes on top of what is held, 99 at most', async () => {
  const it = shop();
  const cart = new CartState(it);
  const set = cart.set('a', 60);
  await it.next();
  await set;
  const added = cart.add('a', 60);
  await it.next();
  await added;
  assert.deepEqual(it.asked, ['set a 60', 'set a 99']);
});

test('an answer that comes after the person has changed is not shown', async () => {
  const it = shop();
  const cart = new CartState(it);
  const set = cart.set('a', 3);
  await new Promise((resolve) => setImmediate(resolve));
  cart.forget();
  await it.next();
  await set;
  assert.equal(cart.view.cart, undefined);
});

test('a failure to load is told, and what was there stays', async () => {
  const it = shop();
  const cart = new CartState(it);
  const set = cart.set('a', 3);
  await it.next();
  await set;
  const lost = new ConnectionError('gone');
  it.cart.get = () => Promise.reject(lost);
  await cart.load();
  assert.equal(cart.view.error, lost);
  assert.equal(countItems(cart.view.cart), 3);
});

test('a change that fails is told to who asked for it, and the next one goes on', async () => {
  const it = shop();
  const cart = new CartState(it);
  const { setItem } = it.cart;
  it.cart.setItem = () => Promise.reject(new ConnectionError('gone'));
  await assert.rejects(cart.set('a', 3), ConnectionError);
  assert.equal(cart.view.error, undefined);
  it.cart.setItem = setItem;
  const set = cart.set('a', 4);
  await it.next();
  await set;
  assert.equal(countItems(cart.view.cart), 4);
});

test('what can’t be bought is told apart, and of that, what fewer can be bought of', () => {
  const gone = { ...line('gone', 1), availability: 'out-of-stock' as const, purchasable: false };
  const many = { ...line('many', 9), availability: 'low-stock' as const, purchasable: false };
  const cart = cartOf(line('fine', 2), gone, many);
  assert.deepEqual(sortedOut(cart), { buyable: [line('fine', 2)], others: [gone, many] });
  assert.deepEqual(cart.items.map(isTooMany), [false, false, true]);
  assert.deepEqual([countItems(cart), countPieces(sortedOut(cart).buyable)], [12, 2]);
  assert.deepEqual(sortedOut(undefined), { buyable: [], others: [] });
});
