// Faults: what is repeated, for how long, and what is said when nothing helps.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ConnectionError, ShopProblem } from '@buy-from-me/client';
import { account, customer, FaultyShop, makeCategory, newcomer, problem, signedInStaff, until } from './shop.ts';

/** Returns how many milliseconds something took. */
async function duration(run: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await run();
  return performance.now() - begun;
}

for (const status of [429, 503]) {
  test(`after ${status} a reading call waits as long as it is told, and goes on`, async (t) => {
    const shop = await FaultyShop.start(t);
    const client = customer(t, { baseUrl: shop.url });
    shop.next('/products', { status, headers: { 'retry-after': '1' } });
    const waited = await duration(() => client.products.list().page());
    assert.ok(waited >= 1000 && waited < 8000, `${waited} ms`);
    assert.equal(shop.calls.length, 2);
  });
}

test('a wait that is longer than the budget is left to the page, with its seconds', async (t) => {
  const shop = await FaultyShop.start(t);
  const client = customer(t, { baseUrl: shop.url });
  shop.next('/products', { status: 429, headers: { 'retry-after': '840' } }, 9);
  const limited = await problem(client.products.list().page(), 'rate-limited');
  assert.deepEqual([limited.retryAfter, limited.status, shop.calls.length], [840, 429, 1]);
});

test('what fails every time is tried as often as the options say', async (t) => {
  const shop = await FaultyShop.start(t);
  shop.fault = () => ({ status: 503, headers: { 'retry-after': '0' } });
  for (const [retry, times] of [[undefined, 3], [{ attempts: 5 }, 5], [{ attempts: 1 }, 1]] as const) {
    shop.calls.length = 0;
    await problem(customer(t, { baseUrl: shop.url, retry }).products.list().page(), 'unavailable');
    assert.equal(shop.calls.length, times);
  }
});

test('a lost connection is tried again after a growing wait', async (t) => {
  const shop = await FaultyShop.start(t);
  const client = customer(t, { baseUrl: shop.url });
  shop.next('/products', 'cut', 2);
  const waited = await duration(() => client.products.list().page());
  // 125 to 375 ms, then 250 to 750.
  assert.ok(waited >= 375, `${waited} ms`);
  assert.equal(shop.calls.length, 3);
});

test('an answer that breaks off is a lost connection', async (t) => {
  const shop = await FaultyShop.start(t);
  const client = customer(t, { baseUrl: shop.url, retry: { attempts: 1 } });
  shop.next('/products', { status: 200, headers: { 'content-length': '500' }, body: '{"items":' });
  const broken = client.products.list().page();
  await until(() => shop.calls.length === 1, 'the call arrives');
  shop.stop();
  await assert.rejects(broken, ConnectionError);
});

test('a shop that does not answer is given up after the timeout, and says so', async (t) => {
  const shop = await FaultyShop.start(t);
  const client = customer(t, { baseUrl: shop.url, timeout: 200, retry: { attempts: 2 } });
  shop.fault = () => 'hang';
  let error: unknown;
  const waited = await duration(async () => {
    error = await client.products.list().page().catch((it: unknown) => it);
  });
  assert.ok(error instanceof ConnectionError);
  assert.equal((error.cause as DOMException).name, 'TimeoutError');
  assert.ok(waited >= 400 && waited < 8000, `${waited} ms`);
  assert.equal(shop.calls.length, 2);
});

test('PUT and DELETE are repeated, a POST without a key never', async (t) => {
  const shop = await FaultyShop.start(t);
  const client = await newcomer(t, { baseUrl: shop.url });
  const product = (await client.products.list({ limit: 1 }).page()).items[0]?.productId ?? '';
  for (const fault of ['lose', 'cut', { status: 503, headers: { 'retry-after': '0' } }] as const) {
    shop.calls.length = 0;
    shop.next(product, fault, 2);
    await client.cart.setItem(product, 2);
    shop.next(product, fault, 2);
    await client.cart.removeItem(product);
    shop.next('/login', fault);
    await assert.rejects(client.signIn(account('customer')));
    assert.deepEqual(shop.calls.map(({ method }) => method), ['PUT', 'PUT', 'PUT', 'DELETE', 'DELETE', 'DELETE', 'POST']);
  }
});

test('a POST with a key is repeated with it', async (t) => {
  const shop = await FaultyShop.start(t);
  const admin = await signedInStaff(t, 'admin', { baseUrl: shop.url });
  const category = await makeCategory(await signedInStaff(t, 'admin'), 'test-mugs', 'Test mugs');
  shop.next('/products', 'lose', 2);
  const product = { name: 'Repeated Mug', price: { amount: 900, currency: 'EUR' }, category, status: 'draft' as const };
  const { replayed } = await admin.products.create(product);
  assert.equal(replayed, true);
  const keys = new Set(shop.callsOf('/products').map(({ key }) => key));
  assert.deepEqual([shop.callsOf('/products').length, keys.size], [3, 1]);
  assert.match([...keys][0] ?? '', /^[0-9a-f-]{36}$/);
});

test('a call that is cancelled ends at once, before, during and between its requests', async (t) => {
  const shop = await FaultyShop.start(t);
  const client = await newcomer(t, { baseUrl: shop.url });
  await assert.rejects(client.cart.get({ signal: AbortSignal.abort() }), { name: 'AbortError' });
  assert.equal(shop.callsOf('/cart').length, 0);

  for (const fault of ['hang', { status: 503, headers: { 'retry-after': '10' } }] as const) {
    shop.calls.length = 0;
    shop.next('/cart', fault);
    const controller = new AbortController();
    const call = client.cart.get({ signal: controller.signal });
    await until(() => shop.calls.length === 1, 'the call is under way');
    await new Promise((resolve) => setTimeout(resolve, 50));
    controller.abort();
    const waited = await duration(() => assert.rejects(call, { name: 'AbortError' }));
    assert.ok(waited < 5000, `${waited} ms`);
    assert.equal(shop.calls.length, 1);
  }
});

for (const when of ['before it is sent', 'after a 401'] as const) {
  test(`a call that is cancelled while it waits for a refresh ${when} ends at once, and the refresh goes on`, async (t) => {
    const shop = await FaultyShop.start(t);
    if (when === 'before it is sent') shop.next('/register', (answer) => answer.replace('"expiresIn":900', '"expiresIn":0'));
    const client = await newcomer(t, { baseUrl: shop.url });
    if (when === 'after a 401') shop.next('/cart', { status: 401 }, 2);
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    shop.next('/refresh', async (answer) => {
      await held;
      return answer;
    });
    const controller = new AbortController();
    const cancelled = client.cart.get({ signal: controller.signal });
    const other = client.cart.get();
    await until(() => shop.callsOf('/refresh').length === 1, 'the refresh is under way');
    controller.abort();
    await assert.rejects(cancelled, { name: 'AbortError' });
    release();
    assert.deepEqual((await other).items, []);
    assert.equal(shop.callsOf('/refresh').length, 1);
  });
}

test('what is not repeated is cancelled as well', async (t) => {
  const shop = await FaultyShop.start(t);
  const client = customer(t, { baseUrl: shop.url });
  shop.fault = () => 'hang';
  const controller = new AbortController();
  const { email, password } = account('customer');
  const call = client.signIn({ email, password }, { signal: controller.signal });
  await until(() => shop.calls.length === 1, 'the call is under way');
  controller.abort(new Error('The page was left.'));
  await assert.rejects(call, { message: 'The page was left.' });
});

for (const call of ['cart', 'products'] as const) {
  test(`a client whose signal is aborted ends its calls and makes no more: ${call}`, async (t) => {
    const shop = await FaultyShop.start(t);
    const controller = new AbortController();
    const client = await newcomer(t, { baseUrl: shop.url, signal: controller.signal });
    const run = () => (call === 'cart' ? client.cart.get() : client.products.list().page());
    shop.fault = () => 'hang';
    const running = run();
    await until(() => shop.calls.length === 2, 'the call is under way');
    controller.abort();
    await assert.rejects(running, { name: 'AbortError' });
    await assert.rejects(run(), { name: 'AbortError' });
    assert.equal(shop.calls.length, 2);
  });
}

test("the gateway's own answers are problems, too", async (t) => {
  const shop = await FaultyShop.start(t);
  const client = customer(t, { baseUrl: shop.url, retry: { attempts: 1 } });
  const codes = [];
  for (const status of [413, 431, 429, 500, 502, 503, 504]) {
    shop.next('/products', { status });
    const error = await client.products.list().page().catch((it: { code: string; requestId?: string }) => it);
    assert.ok('code' in error && error.requestId === undefined);
    codes.push(error.code);
  }
  const unavailable = Array(3).fill('unavailable');
  assert.deepEqual(codes, ['payload-too-large', 'malformed', 'rate-limited', 'internal', ...unavailable]);
});

test("a page that isn't the shop's is no answer", async (t) => {
  const shop = await FaultyShop.start(t);
  const client = customer(t, { baseUrl: shop.url, retry: { attempts: 1 } });
  shop.fault = () => ({ status: 200, headers: { 'content-type': 'text/html' }, body: '<h1>Welcome to our Wi-Fi</h1>' });
  await assert.rejects(client.products.list().page(), ConnectionError);
  await assert.rejects(client.signIn(account('customer')), ConnectionError);
  assert.equal(client.user, null);
});

test('a shop that is down is a ConnectionError that names CORS as another reason', async (t) => {
  const client = customer(t, { baseUrl: 'http://127.0.0.1:9', retry: { attempts: 1 } });
  const error = await client.products.list().page().catch((it: unknown) => it);
  assert.ok(error instanceof ConnectionError);
  assert.match(error.message, /down.*CORS/s);
});

for (const [told, seconds] of [
  ['99999999999999999999999', 86_400],
  ['9'.repeat(400), 86_400],
  ['-5', undefined],
  ['1e3', undefined],
  ['NaN', undefined],
  ['Wed, 21 Oct 2099 07:28:00 GMT', undefined],
] as const) {
  test(`a Retry-After that no shop gives harms nobody: ${told.slice(0, 30)}`, async (t) => {
    const shop = await FaultyShop.start(t);
    // Whoever waits for as long as it takes must not go on at once.
    const client = customer(t, { baseUrl: shop.url, retry: { attempts: 2, budget: Infinity } });
    shop.fault = () => ({ status: 503, headers: { 'retry-after': told } });
    const controller = new AbortController();
    const call = client.products.list({}, { signal: controller.signal }).page();
    if (seconds === undefined) {
      const { retryAfter } = await problem(call, 'unavailable');
      assert.deepEqual([retryAfter, shop.calls.length], [undefined, 2]);
      return;
    }
    call.catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(shop.calls.length, 1);
    controller.abort();
    await assert.rejects(call, { name: 'AbortError' });
    const { retryAfter } = await problem(customer(t, { baseUrl: shop.url }).products.list().page(), 'unavailable');
    assert.equal(retryAfter, seconds);
  });
}

test('a timeout that timers cannot count does not end calls at once', async (t) => {
  const shop = await FaultyShop.start(t);
  const client = customer(t, { baseUrl: shop.url, timeout: Infinity, retry: { attempts: 1 } });
  shop.next('/products', (answer) => new Promise((resolve) => setTimeout(() => resolve(answer), 100)));
  assert.ok((await client.products.list().page()).items.length);
});

/** Returns the problem that a client makes of an answer. */
async function problemOf(t: TestContext, status: number, document: string): Promise<ShopProblem> {
  const shop = await FaultyShop.start(t);
  shop.fault = () => ({ status, headers: { 'content-type': 'application/problem+json' }, body: document });
  const client = customer(t, { baseUrl: shop.url, retry: { attempts: 1 } });
  const error = await client.cart.get().catch((it: unknown) => it);
  assert.ok(error instanceof ShopProblem, String(error));
  return error;
}

test('a problem has the status of HTTP and members of the types that they promise, whatever it tells', async (t) => {
  const invalid = await problemOf(t, 422, '{"code":"invalid","status":"200","title":1,"detail":{},"requestId":[],"errors":"x"}');
  assert.deepEqual(
    [invalid.status, invalid.code, typeof invalid.title, typeof invalid.detail, invalid.requestId, invalid.errors],
    [422, 'invalid', 'string', 'string', undefined, []],
  );
  for (const errors of ['null', '[null]', '[{"pointer":"/a"}]', '[{"pointer":"/a","detail":"b"},{"pointer":1,"detail":"b"}]', '{"length":1}']) {
    assert.deepEqual((await problemOf(t, 422, `{"code":"invalid","status":422,"errors":${errors}}`)).errors, [], errors);
  }
  for (const code of ['{"a":1}', 'null', '""', '7']) {
    assert.equal((await problemOf(t, 404, `{"code":${code},"status":422}`)).code, 'not-found', code);
  }
  for (const document of ['null', '[]', '"text"', '7']) assert.equal((await problemOf(t, 403, document)).code, 'forbidden', document);
});

test('a problem takes over nothing that it should not have', async (t) => {
  const document = '{"code":"conflict","status":409,"__proto__":{"x":1},"name":"N","message":"M","stack":"S","retryAfter":"x","total":1}';
  const problem = await problemOf(t, 409, document);
  assert.equal(Object.getPrototypeOf(problem), ShopProblem.prototype);
  assert.deepEqual([problem.name, problem.retryAfter, 'x' in problem, 'total' in problem], ['ShopProblem', undefined, false, false]);
  assert.match(problem.message, /^409 conflict: /);
  assert.notEqual(problem.stack, 'S');
});

test('a problem without what its code promises is another problem', async (t) => {
  for (const total of ['null', '{}', '{"amount":"1","currency":"EUR"}', '{"amount":1}', '1e999']) {
    const { code } = await problemOf(t, 409, `{"code":"price-changed","status":409,"total":${total}}`);
    assert.notEqual(code, 'price-changed', total);
  }
  for (const products of ['null', '"prod"', '[1]']) {
    const { code } = await problemOf(t, 409, `{"code":"out-of-stock","status":409,"products":${products}}`);
    assert.notEqual(code, 'out-of-stock', products);
  }
});

test('a redirect is no answer, and is not followed', async (t) => {
  const shop = await FaultyShop.start(t);
  const elsewhere = await FaultyShop.start(t);
  const client = await newcomer(t, { baseUrl: shop.url, retry: { attempts: 1 } });
  for (const status of [302, 307]) {
    shop.next('/cart', { status, headers: { location: `${elsewhere.url}/api/cart` } });
    await assert.rejects(client.cart.get(), ConnectionError);
  }
  assert.equal(elsewhere.calls.length, 0);
});

test('a list whose page does not say where the next begins has ended', async (t) => {
  const shop = await FaultyShop.start(t);
  const client = customer(t, { baseUrl: shop.url });
  shop.fault = () => (shop.calls.length > 3 ? { status: 400 } : { status: 200, body: '{"items":[]}' });
  for await (const _ of client.products.list()) assert.fail('It has no items.');
  assert.equal(shop.calls.length, 1);
});
