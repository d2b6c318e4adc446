// Sessions: tokens are refreshed once for all, end everywhere, and never serve another user.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConnectionError, memoryTokenStore, SessionEnded, type TokenStore, type User } from '@buy-from-me/client';
import { ADDRESS, account, api, customer, FaultyShop, newEmail, newcomer, PASSWORD, problem, signedInStaff, staff, until } from './shop.ts';

const UNAUTHENTICATED = { status: 401, headers: { 'content-type': 'application/problem+json' } };

/** Lets the shop refuse the access tokens that are out now, as if they had expired. */
function expireTokens(shop: FaultyShop): void {
  const spent = new Set(shop.calls.map(({ token }) => token));
  const before = shop.fault;
  shop.fault = (call) => {
    if (call.token && spent.has(call.token)) return UNAUTHENTICATED;
    return before(call);
  };
}

/** A store that tells what is in it. */
function openStore(): TokenStore & { tokens: Map<string, string> } {
  const tokens = new Map<string, string>();
  return {
    tokens,
    get: (key) => tokens.get(key) ?? null,
    set: (key, token) => void (token === null ? tokens.delete(key) : tokens.set(key, token)),
  };
}

const refreshes = (shop: FaultyShop) => shop.callsOf('/refresh');

test('parallel calls with an expired token refresh once, and all are answered', async (t) => {
  const shop = await FaultyShop.start(t);
  const client = await newcomer(t, { baseUrl: shop.url });
  await client.cart.get();
  expireTokens(shop);
  const carts = await Promise.all(Array.from({ length: 8 }, () => client.cart.get()));
  assert.deepEqual(carts.map(({ items }) => items), Array(8).fill([]));
  assert.equal(refreshes(shop).length, 1);
});

test('an expired token makes a POST without a key wait for a new one, too', async (t) => {
  const shop = await FaultyShop.start(t);
  const client = await newcomer(t, { baseUrl: shop.url });
  await client.cart.get();
  expireTokens(shop);
  await client.signOut({ everywhere: true });
  assert.equal(refreshes(shop).length, 1);
  assert.equal(shop.callsOf('/logout').length, 2);
});

test('a token that the shop goes on refusing is refreshed once a call, not for ever', async (t) => {
  const shop = await FaultyShop.start(t);
  const client = await newcomer(t, { baseUrl: shop.url });
  shop.fault = ({ path }) => (path.endsWith('/cart') ? UNAUTHENTICATED : undefined);
  await problem(client.cart.get(), 'unauthenticated');
  assert.equal(shop.callsOf('/cart').length, 2);
  assert.equal(refreshes(shop).length, 1);
  assert.ok(client.user);
});

test('a token near its end is refreshed before it is used', async (t) => {
  const shop = await FaultyShop.start(t);
  shop.next('/register', (answer) => answer.replace('"expiresIn":900', '"expiresIn":0'));
  const client = await newcomer(t, { baseUrl: shop.url });
  await client.cart.get();
  await client.cart.get();
  assert.deepEqual(shop.calls.map(({ path }) => path.split('/').pop()), ['register', 'refresh', 'cart', 'cart']);
});

for (const clock of ['Date', 'performance'] as const) {
  test(`a token is old when ${clock} says so, whatever the other clock says`, async (t) => {
    const shop = await FaultyShop.start(t);
    const client = await newcomer(t, { baseUrl: shop.url });
    const hour = 3600_000;
    const [date, monotonic] = [Date.now.bind(Date), performance.now.bind(performance)];
    // Asleep: the monotonic clock stood still. Set back: the other one is an hour early.
    t.mock.method(Date, 'now', () => date() + (clock === 'Date' ? hour : -hour));
    t.mock.method(performance, 'now', () => monotonic() + (clock === 'Date' ? 0 : hour));
    await client.cart.get();
    assert.deepEqual(shop.calls.map(({ path }) => path.split('/').pop()), ['register', 'refresh', 'cart']);
  });
}

test('the catalogue is asked for without a token', async (t) => {
  const shop = await FaultyShop.start(t);
  const client = await newcomer(t, { baseUrl: shop.url });
  const { items } = await client.products.list({ limit: 1 }).page();
  await client.products.get(items[0]?.productId ?? '');
  await client.cart.get();
  const tokens = shop.calls.slice(1).map(({ token }) => token !== undefined);
  assert.deepEqual(tokens, [false, false, true]);
});

test('a refresh whose answer is lost is repeated, and nobody is signed out', async (t) => {
  const shop = await FaultyShop.start(t);
  const client = await newcomer(t, { baseUrl: shop.url });
  await client.cart.get();
  expireTokens(shop);
  shop.next('/refresh', 'lose');
  await client.cart.get();
  const [first, second] = refreshes(shop);
  assert.equal(refreshes(shop).length, 2);
  assert.equal(first?.body, second?.body);
  // The one that came through is good for the next.
  expireTokens(shop);
  await client.cart.get();
  assert.ok(client.user);
});

test('a shop that cannot refresh now does not end the session', async (t) => {
  const shop = await FaultyShop.start(t);
  const client = await newcomer(t, { baseUrl: shop.url, retry: { attempts: 1 } });
  await client.cart.get();
  expireTokens(shop);
  shop.next('/refresh', { status: 503 });
  await problem(client.cart.get(), 'unavailable');
  assert.ok(client.user);
  await client.cart.get();
});

test('parallel calls share a refresh that fails, too', async (t) => {
  const shop = await FaultyShop.start(t);
  shop.next('/register', (answer) => answer.replace('"expiresIn":900', '"expiresIn":0'));
  const client = await newcomer(t, { baseUrl: shop.url, retry: { attempts: 1 } });
  shop.next('/refresh', { status: 503 }, 9);
  const carts = Array.from({ length: 4 }, () => problem(client.cart.get(), 'unavailable'));
  await Promise.all(carts);
  assert.equal(refreshes(shop).length, 1);
});

test('a dead session signs out in all tabs, and its token is forgotten', async (t) => {
  const shop = await FaultyShop.start(t);
  const store = openStore();
  const client = await newcomer(t, { baseUrl: shop.url, shareBetweenTabs: true, tokenStore: store });
  const tab = customer(t, { baseUrl: shop.url, shareBetweenTabs: true });
  await tab.restore();
  assert.deepEqual(tab.user, client.user);
  const told: (User | null)[] = [];
  client.onUserChange((user) => told.push(user));
  tab.onUserChange((user) => told.push(user));
  await client.cart.get();
  // Elsewhere, the user ends this session.
  const [refreshToken = ''] = store.tokens.values();
  const ended = await client.api.POST('/api/auth/logout', { body: { refreshToken } });
  assert.equal(ended.response.status, 204);
  expireTokens(shop);
  await problem(client.cart.get(), 'unauthenticated');
  await until(() => told.length === 2, 'both tabs hear of it');
  assert.deepEqual(told, [null, null]);
  assert.deepEqual([client.user, tab.user, store.tokens.size], [null, null, 0]);
  await problem(tab.cart.get(), 'unauthenticated');
  assert.equal(shop.callsOf('/cart').at(-1)?.token, undefined);
});

test('signing out ends the session at the shop, here, and in all tabs', async (t) => {
  const shop = await FaultyShop.start(t);
  const store = openStore();
  const client = await newcomer(t, { baseUrl: shop.url, shareBetweenTabs: true, tokenStore: store });
  const tab = customer(t, { baseUrl: shop.url, shareBetweenTabs: true });
  await tab.restore();
  const [token = ''] = store.tokens.values();
  const told: (User | null)[] = [];
  tab.onUserChange((user) => told.push(user));
  const out = client.signOut();
  await out;
  await until(() => told.length === 1, 'the tab hears of it');
  assert.deepEqual([told, client.user, tab.user, store.tokens.size], [[null], null, null, 0]);
  const refused = await client.api.POST('/api/auth/refresh', { body: { refreshToken: token } });
  assert.equal(refused.response.status, 401);
});

test('signing out works here though the shop is away, and says that it was', async (t) => {
  const shop = await FaultyShop.start(t);
  const store = openStore();
  const client = await newcomer(t, { baseUrl: shop.url, retry: { attempts: 1 }, tokenStore: store });
  shop.stop();
  const out = client.signOut();
  const error = await out.catch((it: unknown) => it);
  assert.ok(error instanceof ConnectionError);
  assert.match(error.message, /CORS/);
  assert.deepEqual([client.user, store.tokens.size], [null, 0]);
});

test('signing out everywhere ends the sessions of other devices', async (t) => {
  const email = newEmail();
  const here = customer(t);
  await here.register({ email, password: PASSWORD, name: 'Nora' });
  const shop = await FaultyShop.start(t);
  const elsewhere = customer(t, { baseUrl: shop.url });
  await elsewhere.signIn({ email, password: PASSWORD });
  await elsewhere.cart.get();
  await here.signOut({ everywhere: true });
  assert.equal(here.user, null);
  expireTokens(shop);
  await problem(elsewhere.cart.get(), 'unauthenticated');
  assert.equal(elsewhere.user, null);
});

test('signing out everywhere that fails leaves the user signed in, to try again', async (t) => {
  const shop = await FaultyShop.start(t);
  const client = await newcomer(t, { baseUrl: shop.url });
  shop.next('/logout', { status: 503 });
  await problem(client.signOut({ everywhere: true }), 'unavailable');
  assert.ok(client.user);
  assert.equal(shop.callsOf('/logout').length, 1);
});

test('whoever changes their password stays signed in here and nowhere else', async (t) => {
  const email = newEmail();
  const here = customer(t);
  await here.register({ email, password: PASSWORD, name: 'Nora' });
  const shop = await FaultyShop.start(t);
  const elsewhere = customer(t, { baseUrl: shop.url });
  await elsewhere.signIn({ email, password: PASSWORD });
  await elsewhere.cart.get();
  const wrong = await problem(here.changePassword({ currentPassword: 'no', newPassword: 'nine-badgers-sing' }), 'invalid');
  assert.deepEqual(wrong.errors.map(({ pointer }) => pointer), ['/currentPassword']);
  await here.changePassword({ currentPassword: PASSWORD, newPassword: 'nine-badgers-sing' });
  // Its own access token ended, too, where the shop looks closely.
  const request = { expectedTotal: { amount: 0, currency: 'EUR' }, shippingAddress: ADDRESS, paymentMethod: 'invoice' as const };
  await problem(here.checkout(request).submit(), 'empty-cart');
  expireTokens(shop);
  await problem(elsewhere.cart.get(), 'unauthenticated');
});

test('a change of the password is not repeated: another try would count as a wrong guess', async (t) => {
  const shop = await FaultyShop.start(t);
  const client = await newcomer(t, { baseUrl: shop.url });
  shop.next('/password', 'lose');
  const change = client.changePassword({ currentPassword: PASSWORD, newPassword: 'nine-badgers-sing' });
  await assert.rejects(change, ConnectionError);
  assert.equal(shop.callsOf('/password').length, 1);
});

test('a call begun under one user is not answered to the next, nor repeated for them', async (t) => {
  const shop = await FaultyShop.start(t);
  const client = await newcomer(t, { baseUrl: shop.url });
  await client.cart.get();
  const first = shop.calls.at(-1)?.token;
  shop.next('/cart', 'hang');
  const before = client.cart.get();
  await until(() => shop.callsOf('/cart').length === 2, 'the call is under way');
  await client.signIn(account('customer'));
  await assert.rejects(before, SessionEnded);
  assert.equal(client.user?.email, account('customer').email);
  await client.cart.get();
  const tokens = shop.callsOf('/cart').map(({ token }) => token);
  assert.deepEqual(tokens.slice(0, 2), [first, first]);
  assert.equal(tokens.length, 3);
  assert.notEqual(tokens[2], first);
});

test('a call that waits for a refresh as another user signs in is not sent for them', async (t) => {
  const shop = await FaultyShop.start(t);
  const client = await newcomer(t, { baseUrl: shop.url });
  await client.cart.get();
  expireTokens(shop);
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  shop.next('/refresh', async (answer) => {
    await held;
    return answer;
  });
  const before = client.cart.setItem('prod_01arz3ndektsv4rrffq69g5fav', 1);
  await until(() => refreshes(shop).length === 1, 'the refresh is under way');
  await client.signIn(account('customer'));
  release();
  await assert.rejects(before, SessionEnded);
  assert.equal(shop.calls.filter(({ method }) => method === 'PUT').length, 1);
  assert.equal(client.user?.email, account('customer').email);
});

for (const late of ['{}', UNAUTHENTICATED]) {
  test(`a refresh under way is no matter once its user has signed in anew: ${JSON.stringify(late)}`, async (t) => {
    const shop = await FaultyShop.start(t);
    const client = customer(t, { baseUrl: shop.url });
    await client.signIn(account('customer'));
    await client.cart.get();
    expireTokens(shop);
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    shop.next('/refresh', async () => {
      await held;
      return late;
    });
    const call = client.cart.get();
    await until(() => refreshes(shop).length === 1, 'the refresh is under way');
    await client.signIn(account('customer'));
    release();
    assert.ok((await call).total);
    assert.equal(client.user?.email, account('customer').email);
    await client.cart.get();
    assert.equal(refreshes(shop).length, 1);
  });
}

test('whoever signs in over a session ends it at the shop', async (t) => {
  const shop = await FaultyShop.start(t);
  const store = openStore();
  const client = await newcomer(t, { baseUrl: shop.url, tokenStore: store });
  const [token = ''] = store.tokens.values();
  await client.signIn(account('customer'));
  await until(() => shop.callsOf('/logout').length === 1, 'the shop is told');
  assert.deepEqual(JSON.parse(shop.callsOf('/logout')[0]?.body ?? ''), { refreshToken: token });
  assert.ok(client.user);
});

test('a stored token brings the session back, one that is dead is forgotten', async (t) => {
  const tokenStore = openStore();
  const before = await newcomer(t, { tokenStore });
  const user = before.user;
  before.close();
  const after = customer(t, { tokenStore });
  assert.equal(after.user, null);
  // What is called meanwhile waits for it.
  const [restored, cart] = await Promise.all([after.restore(), after.cart.get()]);
  assert.deepEqual([restored, cart.items], [user, []]);
  assert.equal(tokenStore.tokens.size, 1);
  await after.signOut();

  const [key = ''] = [...(await oneKey(t))];
  tokenStore.tokens.set(key, 'usr_01arz3ndektsv4rrffq69g5fav.no');
  assert.equal(await customer(t, { tokenStore }).restore(), null);
  assert.equal(tokenStore.tokens.size, 0);
});

/** Returns the key under which a customer's token is kept. */
async function oneKey(t: Parameters<typeof newcomer>[0]): Promise<Iterable<string>> {
  const tokenStore = openStore();
  await newcomer(t, { tokenStore });
  return tokenStore.tokens.keys();
}

test('a shop that is away does not cost the stored token', async (t) => {
  const shop = await FaultyShop.start(t);
  const tokenStore = openStore();
  await newcomer(t, { baseUrl: shop.url, tokenStore });
  shop.fault = () => 'cut';
  const client = customer(t, { baseUrl: shop.url, tokenStore, retry: { attempts: 1 } });
  await assert.rejects(client.restore(), ConnectionError);
  assert.deepEqual([client.user, tokenStore.tokens.size], [null, 1]);
  shop.fault = () => undefined;
  assert.ok(await client.restore());
});

test('clients share nothing unless they are tabs', async (t) => {
  const one = await newcomer(t);
  const other = customer(t);
  assert.equal(await other.restore(), null);
  await one.cart.get();
  assert.equal(other.user, null);
});

test('a new tab takes the session over without asking the shop', async (t) => {
  const shop = await FaultyShop.start(t);
  const options = { baseUrl: shop.url, shareBetweenTabs: true };
  const one = await newcomer(t, options);
  const calls = shop.calls.length;
  const other = customer(t, options);
  assert.deepEqual(await other.restore(), one.user);
  assert.equal(shop.calls.length, calls);
  await other.cart.get();
});

test('tabs with an expired token refresh once, and all go on', async (t) => {
  const shop = await FaultyShop.start(t);
  const options = { baseUrl: shop.url, shareBetweenTabs: true };
  const first = await newcomer(t, options);
  const tabs = [first, ...Array.from({ length: 3 }, () => customer(t, options))];
  await Promise.all(tabs.map((tab) => tab.restore()));
  await first.cart.get();
  expireTokens(shop);
  await Promise.all(tabs.flatMap((tab) => [tab.cart.get(), tab.cart.get()]));
  assert.equal(refreshes(shop).length, 1);
  // And again: none was left behind.
  expireTokens(shop);
  await Promise.all(tabs.map((tab) => tab.cart.get()));
  assert.equal(refreshes(shop).length, 2);
});

test('tabs that come up at once with the same stored token refresh once', async (t) => {
  const shop = await FaultyShop.start(t);
  const options = { baseUrl: shop.url, shareBetweenTabs: true };
  const kept = openStore();
  const before = await newcomer(t, { ...options, tokenStore: kept });
  before.close();
  const tabs = Array.from({ length: 3 }, () => {
    const tokenStore = openStore();
    for (const [key, token] of kept.tokens) tokenStore.tokens.set(key, token);
    return customer(t, { ...options, tokenStore });
  });
  const users = await Promise.all(tabs.map((tab) => tab.restore()));
  assert.deepEqual(users, Array(3).fill(before.user));
  assert.equal(refreshes(shop).length, 1);
});

test('a tab that slept through a refresh asks the others before it uses its old token', async (t) => {
  // This tab's channel is deaf until it wakes.
  const Channel = globalThis.BroadcastChannel;
  let asleep = false;
  class SleepyChannel extends Channel {
    override set onmessage(listener: BroadcastChannel['onmessage']) {
      super.onmessage = (event) => {
        if (!asleep) listener?.call(this, event);
      };
    }
  }
  const shop = await FaultyShop.start(t);
  const options = { baseUrl: shop.url, shareBetweenTabs: true };
  const first = await newcomer(t, options);
  globalThis.BroadcastChannel = SleepyChannel;
  const sleepy = customer(t, options);
  globalThis.BroadcastChannel = Channel;
  await sleepy.restore();
  await first.cart.get();
  asleep = true;
  for (let n = 0; n < 2; n++) {
    expireTokens(shop);
    await first.cart.get();
  }
  asleep = false;
  await sleepy.cart.get();
  // A refresh with its own token, which was used twice over, would have ended the session.
  assert.equal(refreshes(shop).length, 2);
  assert.deepEqual(sleepy.user, first.user);
});

test('who signs in last in one tab is who is signed in in all', async (t) => {
  const options = { baseUrl: api, shareBetweenTabs: true };
  const shop = await FaultyShop.start(t);
  const one = await newcomer(t, { ...options, baseUrl: shop.url });
  const other = customer(t, { ...options, baseUrl: shop.url });
  await other.restore();
  const told: (string | undefined)[] = [];
  one.onUserChange((user) => told.push(user?.email));
  await other.signIn(account('customer'));
  await until(() => told.length === 1, 'the other tab hears of it');
  assert.deepEqual(told, [account('customer').email]);
  assert.deepEqual(one.user, other.user);
});

test('customers and staff are apart, though they share store and process', async (t) => {
  const tokenStore = openStore();
  const options = { tokenStore, shareBetweenTabs: true };
  const shopper = await newcomer(t, options);
  const admin = await signedInStaff(t, 'admin', options);
  assert.equal(tokenStore.tokens.size, 2);
  assert.deepEqual([shopper.user?.role, admin.user?.role], ['customer', 'admin']);
  // Their tokens are no good on the other side.
  const { error } = await shopper.api.GET('/api/admin/users');
  assert.equal(error?.code, 'forbidden');
  await problem(staff(t).signIn({ email: shopper.user?.email ?? '', password: PASSWORD }), 'unauthenticated');
  await admin.signOut();
  assert.deepEqual([shopper.user?.role, admin.user, tokenStore.tokens.size], ['customer', null, 1]);
  await shopper.cart.get();
});

test('a listener that is let go hears nothing, and one that throws stops nobody', async (t) => {
  const client = customer(t, { tokenStore: memoryTokenStore() });
  const told: string[] = [];
  const thrown: unknown[] = [];
  const later = globalThis.queueMicrotask;
  t.mock.method(globalThis, 'queueMicrotask', (run: () => void) => {
    later(() => {
      try {
        run();
      } catch (error) {
        thrown.push(error);
      }
    });
  });
  client.onUserChange(() => {
    throw new Error('a fault of the page');
  });
  const letGo = client.onUserChange(() => told.push('let go'));
  client.onUserChange((user) => told.push(user?.name ?? 'nobody'));
  letGo();
  await client.register({ email: newEmail(), password: PASSWORD, name: 'Nora' });
  assert.deepEqual(told, ['Nora']);
  assert.match(String(thrown), /a fault of the page/);
});

/** Holds an answer of the shop's back until it is released. */
function holdBack() {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const holding = { has: false, release, fault };
  function fault(answer: string): Promise<string> {
    holding.has = true;
    return held.then(() => answer);
  }
  return holding;
}

/** Returns the refresh tokens that the shop was asked to log out. */
const loggedOut = (shop: FaultyShop) => shop.callsOf('/logout').map(({ body }) => (JSON.parse(body) as { refreshToken: string }).refreshToken);

/** Begins a restore of another user's session, whose answer is held back. */
async function slowRestore(t: Parameters<typeof newcomer>[0]) {
  const shop = await FaultyShop.start(t);
  const tokenStore = openStore();
  const options = { baseUrl: shop.url, shareBetweenTabs: true };
  const before = await newcomer(t, { baseUrl: shop.url, tokenStore });
  before.close();
  const [token] = tokenStore.tokens.values();
  const held = holdBack();
  shop.next('/refresh', held.fault);
  const client = customer(t, { ...options, tokenStore });
  const told: (string | undefined)[] = [];
  client.onUserChange((user) => told.push(user?.email));
  const restored = client.restore();
  await until(() => held.has, 'the shop has answered the refresh');
  return { shop, tokenStore, options, token, client, told, restored, release: held.release };
}

test('a sign-out is not undone by a restore that was under way', async (t) => {
  const { shop, tokenStore, client, told, restored, release } = await slowRestore(t);
  await client.signOut();
  const [kept] = loggedOut(shop);
  release();
  assert.deepEqual([await restored, client.user, told, tokenStore.tokens.size], [null, null, [], 0]);
  await until(() => loggedOut(shop).length === 2, 'the late tokens are given back');
  assert.notEqual(loggedOut(shop)[1], kept);
  await problem(client.cart.get(), 'unauthenticated');
});

for (const where of ['this', 'another'] as const) {
  test(`a restore under way brings nobody back after another user came and went in ${where} tab`, async (t) => {
    const { shop, tokenStore, options, client, told, restored, release } = await slowRestore(t);
    const other = where === 'this' ? client : customer(t, options);
    await other.signIn(account('customer'));
    await until(() => client.user !== null, 'the sign-in is known');
    await other.signOut();
    await until(() => client.user === null, 'the sign-out is known');
    const gone = shop.callsOf('/logout').length;
    release();
    assert.equal(await restored, null);
    await until(() => shop.callsOf('/logout').length > gone, 'the late tokens are given back');
    assert.deepEqual([client.user, other.user, tokenStore.tokens.size], [null, null, 0]);
    assert.deepEqual(told, [account('customer').email, undefined]);
  });
}

for (const realm of ['customer', 'staff'] as const) {
  for (const later of ['sign-in', 'sign-out', 'sign-in in another tab'] as const) {
    test(`a sign-in of ${realm} that is answered late gives way to a later ${later}`, async (t) => {
      const shop = await FaultyShop.start(t);
      const options = { baseUrl: shop.url, shareBetweenTabs: true };
      const [client, tab] = realm === 'customer' ? [customer(t, options), customer(t, options)] : [staff(t, options), staff(t, options)];
      const held = holdBack();
      shop.next('register' in client ? '/register' : '/login', held.fault);
      const late =
        'register' in client
          ? client.register({ email: newEmail(), password: PASSWORD, name: 'Nora' })
          : client.signIn(account('admin'));
      const ended = assert.rejects(late, SessionEnded);
      await until(() => held.has, 'the shop has answered the sign-in');
      // A later moment by the clock, which other tabs go by.
      await new Promise((resolve) => setTimeout(resolve, 10));
      if (later === 'sign-out') await client.signOut();
      else await (later === 'sign-in' ? client : tab).signIn(account(realm));
      const email = later === 'sign-out' ? undefined : account(realm).email;
      await until(() => client.user?.email === email, 'the later one is known');
      held.release();
      await ended;
      await until(() => loggedOut(shop).length === 1, 'the late tokens are given back');
      assert.equal(client.user?.email, email);
    });
  }
}

test('a slow store forgets the token of who has signed out', async (t) => {
  const kept = openStore();
  const tokenStore: TokenStore = {
    get: kept.get,
    // Keeping takes longer than forgetting.
    set: async (key, token) => {
      await new Promise((resolve) => setTimeout(resolve, token ? 100 : 1));
      await kept.set(key, token);
      writes++;
    },
  };
  let writes = 0;
  const client = await newcomer(t, { tokenStore });
  await client.signOut();
  await until(() => writes === 2, 'both are written');
  assert.equal(kept.tokens.size, 0);
});

test('a sign-out ends the session in all tabs though the store fails', async (t) => {
  const options = { baseUrl: (await FaultyShop.start(t)).url, shareBetweenTabs: true };
  const failing: TokenStore = {
    get: () => Promise.reject(new Error('the store fails')),
    set: () => Promise.reject(new Error('the store fails')),
  };
  const tab = await newcomer(t, options);
  const client = customer(t, { ...options, tokenStore: failing });
  await assert.rejects(client.signOut(), { message: 'the store fails' });
  await until(() => tab.user === null, 'the other tab hears of it');
});

for (const end of ['closed', 'signed out'] as const) {
  test(`a call that waits for another tab's refresh ends at once when its client is ${end}`, async (t) => {
    const shop = await FaultyShop.start(t);
    const options = { baseUrl: shop.url, shareBetweenTabs: true };
    const client = await newcomer(t, options);
    const tab = customer(t, options);
    await tab.restore();
    await tab.cart.get();
    expireTokens(shop);
    const held = holdBack();
    shop.next('/refresh', held.fault);
    const first = client.cart.get();
    first.catch(() => {});
    await until(() => held.has, 'the other tab refreshes');
    const waiting = tab.cart.get();
    waiting.catch(() => {});
    await until(() => shop.callsOf('/cart').at(-1)?.over === true && shop.callsOf('/cart').length === 3, 'the call is refused');
    await new Promise((resolve) => setTimeout(resolve, 50));
    let isOver = false;
    const over = () => {
      isOver = true;
    };
    waiting.then(over, over);
    if (end === 'closed') tab.close();
    else await tab.signOut();
    await until(() => isOver, 'the call ends');
    await assert.rejects(waiting, { name: end === 'closed' ? 'AbortError' : 'SessionEnded' });
    held.release();
  });
}

test('what is no message of a tab is ignored', async (t) => {
  const shop = await FaultyShop.start(t);
  const client = await newcomer(t, { baseUrl: shop.url, shareBetweenTabs: true });
  const { user } = client;
  const faults: unknown[] = [];
  const onFault = (error: unknown) => faults.push(error);
  process.on('uncaughtException', onFault);
  t.after(() => process.off('uncaughtException', onFault));
  const channel = new BroadcastChannel(`buy-from-me/1/customer/${shop.url}`);
  t.after(() => channel.close());
  let answers = 0;
  channel.onmessage = () => answers++;
  const later = { startedAt: Date.now() + 1000, generation: 0, givenAt: Date.now(), lifetime: 1000 };
  const session = { ...later, accessToken: 'a', refreshToken: 'r', user: { userId: 'usr_x' } };
  const wrong = [
    null,
    undefined,
    'ask',
    7,
    [],
    {},
    { type: 'end' },
    { type: 'end', startedAt: Infinity },
    { type: 'session' },
    { type: 'session', session: null },
    { type: 'session', session: later },
    { type: 'session', session: { ...session, user: null } },
    { type: 'session', session: { ...session, startedAt: Infinity } },
    { type: 'session', session: { ...session, accessToken: {} } },
  ];
  for (const message of wrong) channel.postMessage(message);
  channel.postMessage({ type: 'ask' });
  await until(() => answers > 0, 'the tab answers who asks');
  assert.deepEqual([faults, client.user, answers], [[], user, 1]);
  await client.cart.get();
});

test('a restore of a client that is closed says so, and leaves nothing behind', async (t) => {
  const tokenStore = openStore();
  await newcomer(t, { tokenStore });
  const client = customer(t, { tokenStore });
  client.close();
  await assert.rejects(client.restore(), { name: 'AbortError' });
  // What nobody handles would fail this test.
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(tokenStore.tokens.size, 1);
});
