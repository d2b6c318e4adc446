import assert from 'node:assert/strict';
import { type TestContext, beforeEach, test } from 'node:test';
import { type Cart, ConnectionError, type User } from '@buy-from-me/client';
import { CartState } from '../src/cart-state.ts';
import { emptyAddress } from '../src/checkout/address.tsx';
import { isCheckoutKept, keepCheckout, keptCheckout } from '../src/kept.ts';
import { Session } from '../src/session.ts';

beforeEach(() => {
  const items = new Map<string, string>();
  const storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> = {
    getItem: (name) => items.get(name) ?? null,
    setItem: (name, value) => void items.set(name, value),
    removeItem: (name) => void items.delete(name),
  };
  Object.assign(globalThis, { sessionStorage: storage });
});

const person = (name: string): User => ({ userId: `usr_${name}`, email: `${name}@example.com`, name, role: 'customer' });
const alice = person('alice');
const bob = person('bob');
const address = emptyAddress('Alice');
const settled = () => new Promise((resolve) => setTimeout(resolve, 20));

/** Opens the session of a tab, whose client says what the test makes it say. */
function open(t: TestContext, { restored = null as User | null } = {}) {
  let listener: (user: User | null) => void = () => {};
  const empty: Cart = { items: [], total: { amount: 0, currency: 'EUR' } };
  const cart = new CartState({ cart: { get: async () => empty, setItem: async () => empty, removeItem: async () => {} } });
  const channel = new BroadcastChannel('test');
  t.after(() => channel.close());
  const client = {
    onUserChange: (it: typeof listener) => {
      listener = it;
      return () => {};
    },
    restore: async () => restored,
    signOut: async () => listener(null),
  };
  const session = new Session(client, cart, channel);
  return { session, cart, client, says: (user: User | null) => listener(user) };
}

test('who was there before a reload is there again, and no page begins anew', async (t) => {
  const { session, cart } = open(t, { restored: alice });
  assert.equal(session.view.user, undefined);
  await session.restore();
  await settled();
  assert.deepEqual(session.view, { user: alice, ended: false, error: undefined, turn: 0 });
  assert.ok(cart.view.cart);
});

test('as soon as somebody has left, their cart is gone and each page is another', async (t) => {
  const { session, cart, says } = open(t, { restored: alice });
  await session.restore();
  await settled();
  says(null);
  assert.equal(cart.view.cart, undefined);
  assert.deepEqual(session.view, { user: null, ended: true, error: undefined, turn: 1 });
  says(bob);
  says(alice);
  assert.equal(cart.view.cart, undefined);
  assert.equal(session.view.turn, 2);
});

test('a session that ends keeps what was typed, for who typed it', async (t) => {
  const { session, says } = open(t, { restored: alice });
  await session.restore();
  keepCheckout(alice.userId, { address });
  says(null);
  assert.equal(isCheckoutKept(), true);
  says(alice);
  assert.deepEqual(keptCheckout(alice.userId)?.address, address);
  assert.equal(session.view.ended, false);
});

test('a session that ends keeps nothing for anybody else', async (t) => {
  const { session, says } = open(t, { restored: alice });
  await session.restore();
  keepCheckout(alice.userId, { address });
  says(null);
  says(bob);
  assert.equal(isCheckoutKept(), false);
});

test('who signs out leaves nothing behind, here and in the other tabs', async (t) => {
  const here = open(t, { restored: alice });
  const there = open(t, { restored: alice });
  await Promise.all([here.session.restore(), there.session.restore()]);
  keepCheckout(alice.userId, { address });
  const out = here.session.signOut();
  assert.equal(isCheckoutKept(), false);
  assert.deepEqual([here.session.view.user, here.session.view.ended], [null, false]);
  // The other tab has a storage of its own; here the two share one.
  keepCheckout(alice.userId, { address });
  there.says(null);
  await Promise.all([out, settled()]);
  assert.equal(isCheckoutKept(), false);
  assert.equal(there.session.view.ended, false);
});

test('as long as the shop does not answer, it stays unknown who is there', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { session, client } = open(t);
  const lost = new ConnectionError('gone');
  client.restore = () => Promise.reject(lost);
  await session.restore();
  assert.deepEqual([session.view.user, session.view.error], [undefined, lost]);
  client.restore = async () => alice;
  t.mock.timers.tick(3000);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([session.view.user, session.view.error], [alice, undefined]);
});
