// A customer's calls, against the shop as it is.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type CustomerClient, ConnectionError, type CheckoutRequest, memoryTokenStore, SessionEnded } from '@buy-from-me/client';
import { account, ADDRESS, customer, FaultyShop, makeCategory, newcomer, newEmail, PASSWORD, problem, signedInStaff, staff, until } from './shop.ts';

/** Makes a product with so many pieces, and returns its id. */
async function newProduct(t: TestContext, stock: number): Promise<string> {
  const admin = await signedInStaff(t, 'admin');
  const price = { amount: 1250, currency: 'EUR' };
  const category = await makeCategory(admin, 'test-teapots', 'Test teapots');
  const { value } = await admin.products.create({ name: 'Test Teapot', price, category, status: 'published', stock });
  return value.productId;
}

let plenty: Promise<string> | undefined;

/** Fills the cart with something that there is enough of, and returns a request to check it out. */
async function fillCart(t: TestContext, client: CustomerClient): Promise<CheckoutRequest> {
  plenty ??= newProduct(t, 1000);
  const cart = await client.cart.setItem(await plenty, 1);
  return { expectedTotal: cart.total, shippingAddress: ADDRESS, paymentMethod: 'invoice' };
}

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found = [];
  for await (const item of items) found.push(item);
  return found;
}

test('a list goes on from page to page, each item once and in order', async (t) => {
  const client = customer(t);
  const filter = { category: 'lamps', sort: 'price' } as const;
  const whole = await client.products.list({ ...filter, limit: 100 }).page();
  assert.ok(whole.items.length > 4);
  assert.equal(whole.nextCursor, null);
  const list = client.products.list({ ...filter, limit: 3 });
  assert.deepEqual(await all(list), whole.items);
  const pages = await all(list.pages());
  assert.equal(pages.length, Math.ceil(whole.items.length / 3));
  assert.deepEqual(pages.flatMap(({ items }) => items), whole.items);
  assert.deepEqual(await list.page(pages[0]?.nextCursor), pages[1]);
});

test('a list reads no further than it is wanted, and ends when cancelled', async (t) => {
  const shop = await FaultyShop.start(t);
  const client = customer(t, { baseUrl: shop.url });
  for await (const _ of client.products.list({ limit: 2 })) break;
  assert.equal(shop.calls.length, 1);
  const controller = new AbortController();
  const cancelled = async () => {
    for await (const _ of client.products.list({ limit: 2 }, { signal: controller.signal }).pages()) controller.abort();
  };
  await assert.rejects(cancelled(), { name: 'AbortError' });
  assert.equal(shop.calls.length, 2);
});

test('a cart is filled, changed and emptied', async (t) => {
  const client = await newcomer(t);
  const [one, two] = [await newProduct(t, 10), await newProduct(t, 10)];
  await client.cart.setItem(one, 2);
  const cart = await client.cart.setItem(two, 1);
  assert.equal(cart.total.amount, 3 * 1250);
  await client.cart.removeItem(one);
  assert.deepEqual((await client.cart.get()).items.map(({ productId }) => productId), [two]);
  await problem(client.cart.setItem('prod_01arz3ndektsv4rrffq69g5fav', 1), 'not-found');
  await problem(customer(t).cart.get(), 'unauthenticated');
});

test('a checkout that is answered twice is one order', async (t) => {
  const client = await newcomer(t);
  const attempt = client.checkout(await fillCart(t, client));
  const first = await attempt.submit();
  assert.equal(first.replayed, false);
  const again = await client.resumeCheckout(JSON.stringify(attempt)).submit();
  assert.deepEqual(again, { order: first.order, replayed: true });
  assert.deepEqual(await all(client.orders.list()), [first.order]);
  assert.deepEqual(await client.orders.get(first.order.orderId), first.order);
  assert.deepEqual(await all(client.orders.list({ status: 'shipped' })), []);
});

test('a double click is one request', async (t) => {
  const shop = await FaultyShop.start(t);
  const client = await newcomer(t, { baseUrl: shop.url });
  const attempt = client.checkout(await fillCart(t, client));
  const [first, second] = await Promise.all([attempt.submit(), attempt.submit()]);
  const third = await attempt.submit();
  assert.deepEqual([second, third], [first, first]);
  assert.equal(shop.callsOf('/checkout').length, 1);
});

test('a checkout whose answer is lost is asked for again, and is one order', async (t) => {
  const shop = await FaultyShop.start(t);
  const client = await newcomer(t, { baseUrl: shop.url });
  const attempt = client.checkout(await fillCart(t, client));
  shop.next('/checkout', 'lose');
  const { order, replayed } = await attempt.submit();
  assert.equal(replayed, true);
  assert.equal(shop.callsOf('/checkout').length, 2);
  assert.deepEqual(await all(client.orders.list()), [order]);
});

test('a checkout that failed is submitted again with the same key and body, though the page changed its own', async (t) => {
  const shop = await FaultyShop.start(t);
  const client = await newcomer(t, { baseUrl: shop.url, retry: { attempts: 1 } });
  const request = await fillCart(t, client);
  const attempt = client.checkout(request);
  request.expectedTotal.amount = 1;
  shop.next('/checkout', 'lose');
  await assert.rejects(attempt.submit(), ConnectionError);
  const { replayed } = await attempt.submit();
  assert.equal(replayed, true);
  const [one, two] = shop.callsOf('/checkout');
  assert.deepEqual([one?.key, one?.body], [two?.key, two?.body]);
  assert.equal(one?.key, attempt.key);
});

test('one of two who wait for a checkout may leave; when both have, it is cancelled', async (t) => {
  const shop = await FaultyShop.start(t);
  const client = await newcomer(t, { baseUrl: shop.url });
  const request = await fillCart(t, client);
  const slowly = (answer: string) => new Promise<string>((resolve) => setTimeout(() => resolve(answer), 200));
  shop.next('/checkout', slowly);
  const [one, two] = [new AbortController(), new AbortController()];
  const attempt = client.checkout(request);
  const left = attempt.submit({ signal: one.signal });
  const stayed = attempt.submit({ signal: two.signal });
  await until(() => shop.callsOf('/checkout').length === 1, 'it is under way');
  one.abort();
  await assert.rejects(left, { name: 'AbortError' });
  assert.equal((await stayed).replayed, false);

  const other = client.checkout(await fillCart(t, client));
  shop.next('/checkout', 'hang');
  const both = [new AbortController(), new AbortController()];
  const calls = both.map(({ signal }) => other.submit({ signal }));
  await until(() => shop.callsOf('/checkout').length === 2, 'it is under way');
  for (const controller of both) controller.abort();
  for (const call of calls) await assert.rejects(call, { name: 'AbortError' });
  await until(() => shop.callsOf('/checkout')[1]?.over === true, 'the request is cancelled');
  assert.equal((await other.submit()).replayed, false);
  assert.equal(shop.callsOf('/checkout').length, 3);
});

test('a checkout is not submitted for another user', async (t) => {
  const shop = await FaultyShop.start(t);
  const client = await newcomer(t, { baseUrl: shop.url });
  const attempt = client.checkout(await fillCart(t, client));
  await client.signIn(account('customer'));
  await assert.rejects(attempt.submit(), SessionEnded);
  await assert.rejects(client.resumeCheckout(attempt.toJSON()).submit(), SessionEnded);
  assert.equal(shop.callsOf('/checkout').length, 0);
  assert.throws(() => client.resumeCheckout('no JSON'), SyntaxError);
});

test('a checkout goes on from what one was kept as, and from nothing else', (t) => {
  const client = customer(t);
  const state = { key: 'a key', userId: null, request: {} };
  for (const wrong of [{ request: undefined }, { request: null }, { request: [] }, { request: 'x' }, { key: '' }, { key: 1 }, { userId: 1 }]) {
    assert.throws(() => client.resumeCheckout({ ...state, ...wrong }), TypeError, JSON.stringify(wrong));
  }
  for (const wrong of ['null', '[]', '1', undefined]) assert.throws(() => client.resumeCheckout(wrong), TypeError);
});

test('nobody changes what a checkout asks for once it is made', (t) => {
  const client = customer(t);
  const request = { expectedTotal: { amount: 1, currency: 'EUR' }, shippingAddress: { ...ADDRESS }, paymentMethod: 'invoice' as const };
  for (const attempt of [client.checkout(request), client.resumeCheckout({ key: 'a key', userId: null, request })]) {
    request.expectedTotal.amount = 2;
    request.shippingAddress.city = 'Elsewhere';
    assert.deepEqual([attempt.request.expectedTotal.amount, attempt.request.shippingAddress.city], [1, 'Berlin']);
    assert.throws(() => Object.assign(attempt.request.expectedTotal, { amount: 3 }), TypeError);
    assert.throws(() => Object.assign(attempt.request, { paymentMethod: 'card' }), TypeError);
    request.expectedTotal.amount = 1;
    request.shippingAddress.city = 'Berlin';
  }
});

test('a checkout that was kept is not submitted for another user whose session is being restored', async (t) => {
  const shop = await FaultyShop.start(t);
  const before = await newcomer(t);
  const kept = JSON.stringify(before.checkout(await fillCart(t, before)));
  const tokenStore = memoryTokenStore();
  const other = await newcomer(t, { baseUrl: shop.url, tokenStore });
  await fillCart(t, other);
  const client = customer(t, { baseUrl: shop.url, tokenStore });
  const restored = client.restore();
  await assert.rejects(client.resumeCheckout(kept).submit(), SessionEnded);
  assert.equal((await restored)?.userId, other.user?.userId);
  assert.equal(shop.callsOf('/checkout').length, 0);
});

test('a checkout that is made while a session is being restored is of its user', async (t) => {
  const tokenStore = memoryTokenStore();
  const before = await newcomer(t, { tokenStore });
  const request = await fillCart(t, before);
  const client = customer(t, { tokenStore });
  const restored = client.restore();
  const attempt = client.checkout(request);
  const user = await restored;
  assert.ok(user);
  assert.equal(attempt.toJSON().userId, user.userId);
  await client.signIn(account('customer'));
  await assert.rejects(attempt.submit(), SessionEnded);
});

test('the order of a checkout is not shown to nobody, nor to another user', async (t) => {
  const client = await newcomer(t);
  const attempt = client.checkout(await fillCart(t, client));
  await attempt.submit();
  await client.signOut();
  await assert.rejects(attempt.submit(), SessionEnded);
  await client.signIn(account('customer'));
  await assert.rejects(attempt.submit(), SessionEnded);
});

test('a checkout that was made by nobody is of who submits it first', async (t) => {
  const client = customer(t);
  const email = newEmail();
  await client.register({ email, password: PASSWORD, name: 'Nora' });
  const request = await fillCart(t, client);
  await client.signOut();
  const attempt = client.checkout(request);
  await problem(attempt.submit(), 'unauthenticated');
  const user = await client.signIn({ email, password: PASSWORD });
  await attempt.submit();
  assert.equal(attempt.toJSON().userId, user.userId);
});

test('a price that changed comes with the total of today', async (t) => {
  const client = await newcomer(t);
  const request = await fillCart(t, client);
  const { amount, currency } = request.expectedTotal;
  const changed = await problem(client.checkout({ ...request, expectedTotal: { amount: amount + 1, currency } }).submit(), 'price-changed');
  assert.deepEqual(changed.total, { amount, currency });
  assert.equal(changed.status, 409);
});

test('what is out of stock is named', async (t) => {
  const productId = await newProduct(t, 1);
  const client = await newcomer(t);
  const { total } = await client.cart.setItem(productId, 2);
  const request = { expectedTotal: total, shippingAddress: ADDRESS, paymentMethod: 'invoice' as const };
  const out = await problem(client.checkout(request).submit(), 'out-of-stock');
  assert.deepEqual(out.products, [productId]);
});

test('a refusal names every bad field', async (t) => {
  const registration = { email: 'no address', password: 'short', name: '' };
  const invalid = await problem(customer(t).register(registration), 'invalid');
  assert.deepEqual(invalid.errors.map(({ pointer }) => pointer).sort(), ['/email', '/name', '/password']);
  assert.ok(invalid.requestId);
  assert.match(invalid.message, /^422 invalid: /);
});

test('one customer cannot read the order of another', async (t) => {
  const client = await newcomer(t);
  const { order } = await client.checkout(await fillCart(t, client)).submit();
  await problem((await newcomer(t)).orders.get(order.orderId), 'not-found');
});

test('an order is cancelled once, by whom it belongs to', async (t) => {
  const client = await newcomer(t);
  const { order } = await client.checkout(await fillCart(t, client)).submit();
  await problem((await newcomer(t)).orders.cancel(order.orderId), 'not-found');
  const cancelled = await client.orders.cancel(order.orderId);
  assert.deepEqual([cancelled.status, cancelled.history.map(({ status }) => status)], ['cancelled', ['placed', 'cancelled']]);
  assert.ok(cancelled.version > order.version);
  const again = await problem(client.orders.cancel(order.orderId), 'invalid-transition');
  assert.equal(again.status, 409);
  assert.deepEqual(await client.orders.get(order.orderId), cancelled);
});

test('what can no longer be bought stays in the cart, and out of its total', async (t) => {
  const [client, admin] = [await newcomer(t), await signedInStaff(t, 'admin')];
  const [scarce, draft] = [await newProduct(t, 2), await newProduct(t, 2)];
  await client.cart.setItem(scarce, 3);
  await client.cart.setItem(draft, 1);
  const { version } = await admin.products.get(draft);
  await admin.products.update(draft, { status: 'draft' }, version);
  const { items, total } = await client.cart.get();
  const told = items.map((it) => `${it.productId} ${it.purchasable} ${it.availability}`).sort();
  assert.deepEqual(told, [`${draft} false out-of-stock`, `${scarce} false low-stock`].sort());
  assert.equal(total.amount, 0);
  const lowered = await client.cart.setItem(scarce, 2);
  assert.equal(lowered.total.amount, 2500);
});

test('categories are listed, each with what it belongs to', async (t) => {
  const admin = await signedInStaff(t, 'admin');
  await makeCategory(admin, 'test-teapots', 'Test teapots');
  const categories = await customer(t).categories.list();
  const slugs = categories.map(({ slug }) => slug);
  assert.deepEqual(slugs, [...slugs].sort());
  assert.ok(categories.every(({ parent }) => parent === null || slugs.includes(parent)));
});

test('what the client has no name for is called through the typed client, with the session', async (t) => {
  const client = await newcomer(t);
  const { data, error } = await client.api.GET('/api/orders', { params: { query: { limit: 1 } } });
  assert.deepEqual([data, error], [{ items: [], nextCursor: null }, undefined]);
});

for (const id of ['', '.', '..']) {
  test(`an id that would make another address is refused before it is sent: "${id}"`, async (t) => {
    const shop = await FaultyShop.start(t);
    const client = customer(t, { baseUrl: shop.url });
    await problem(client.products.get(id), 'not-found');
    await problem(client.cart.setItem(id, 1), 'not-found');
    await problem(client.cart.removeItem(id), 'not-found');
    await problem(client.orders.get(id), 'not-found');
    await problem(client.orders.cancel(id), 'not-found');
    await problem(staff(t, { baseUrl: shop.url }).users.update(id, { role: 'staff' }, 1), 'not-found');
    assert.equal(shop.calls.length, 0);
  });
}
