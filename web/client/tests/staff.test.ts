// The staff's calls, against the shop as it is.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConnectionError, type NewProduct, SessionEnded, UploadRefused } from '@buy-from-me/client';
import { account, api, customer, FaultyShop, newEmail, problem, signedInStaff, staff, until } from './shop.ts';

const MUG: NewProduct = { name: 'Test Mug', price: { amount: 900, currency: 'EUR' }, category: 'test-mugs', status: 'published', stock: 3 };
const PASSWORD = 'twelve-herons-fish-at-dawn';

function picture(size = 4000): Blob {
  return new Blob([new Uint8Array(size)], { type: 'image/png' });
}

test('a product is made once under its key', async (t) => {
  const admin = await signedInStaff(t, 'admin');
  const attempt = admin.products.attempt(MUG);
  const first = await attempt.submit();
  assert.deepEqual([first.value.name, first.value.available, first.replayed], ['Test Mug', 3, false]);
  assert.deepEqual(await attempt.submit(), first);
  const again = await admin.products.create(MUG, { idempotencyKey: attempt.key });
  assert.deepEqual([again.value.productId, again.replayed], [first.value.productId, true]);
  await problem(admin.products.create({ ...MUG, stock: 4 }, { idempotencyKey: attempt.key }), 'idempotency-mismatch');
  const other = await admin.products.create(MUG);
  assert.notEqual(other.value.productId, first.value.productId);
  assert.equal((await customer(t).products.get(first.value.productId)).name, 'Test Mug');
});

for (const answer of ['given', 'lost'] as const) {
  test(`what one of the staff attempts is not made for another, once its answer was ${answer}`, async (t) => {
    const shop = await FaultyShop.start(t);
    const admin = await signedInStaff(t, 'admin', { baseUrl: shop.url, retry: { attempts: 1 } });
    const attempt = admin.products.attempt(MUG);
    if (answer === 'lost') shop.next('/products', 'lose');
    await attempt.submit().catch(() => {});
    await admin.signIn(account('super-admin'));
    await assert.rejects(attempt.submit(), SessionEnded);
    assert.equal(shop.callsOf('/products').length, 1);
    await admin.signIn(account('admin'));
    assert.equal((await attempt.submit()).replayed, answer === 'lost');
  });
}

test('the staff may only do what their role allows', async (t) => {
  const member = await signedInStaff(t, 'staff');
  await problem(member.products.create(MUG), 'forbidden');
  await problem(member.audit.list().page(), 'forbidden');
});

test('a picture is sent to the bucket, and its progress told', async (t) => {
  const admin = await signedInStaff(t, 'admin');
  const { value } = await admin.products.create(MUG);
  const told: number[][] = [];
  const sent = await admin.uploads.send(value.productId, picture(), { onProgress: (...it) => told.push(it) });
  assert.deepEqual([sent.status, told], ['pending', [[0, 4000], [4000, 4000]]]);
  assert.deepEqual(Object.keys(sent), ['uploadId', 'status']);
});

test('a picture whose sending fails is sent again, as the same upload', async (t) => {
  const shop = await FaultyShop.start(t);
  const posts: string[] = [];
  // The first form leads to where nobody is, the second to a bucket that is busy.
  const bucket = await FaultyShop.start(t);
  bucket.fault = () => ({ status: 503 });
  const elsewhere = (url: string) => (answer: string) => {
    const upload = JSON.parse(answer) as { uploadId: string; url: string };
    posts.push(upload.uploadId);
    return JSON.stringify({ ...upload, url });
  };
  shop.next('/uploads', elsewhere('http://127.0.0.1:9'));
  shop.next('/uploads', elsewhere(bucket.url));
  const admin = await signedInStaff(t, 'admin', { baseUrl: shop.url });
  const { value } = await admin.products.create(MUG);
  const sent = await admin.uploads.send(value.productId, picture());
  assert.deepEqual(posts, [sent.uploadId, sent.uploadId]);
  assert.equal(bucket.calls.length, 1);
  const calls = shop.callsOf('/uploads');
  assert.deepEqual([calls.length, new Set(calls.map(({ key }) => key)).size], [3, 1]);
});

test('a picture that the bucket refuses is told apart, and not sent again', async (t) => {
  const shop = await FaultyShop.start(t);
  shop.next('/uploads', (answer) => answer.replace('"image/png"', '"image/webp"'));
  const admin = await signedInStaff(t, 'admin', { baseUrl: shop.url, retry: { attempts: 1 } });
  const { value } = await admin.products.create(MUG);
  const refused = await admin.uploads.send(value.productId, picture()).catch((it: unknown) => it);
  assert.ok(refused instanceof UploadRefused, String(refused));
  assert.deepEqual([refused.status, refused.code], [403, 'AccessDenied']);
});

test('a picture of a kind that the shop does not take is refused before it is sent', async (t) => {
  const admin = await signedInStaff(t, 'admin');
  const { value } = await admin.products.create(MUG);
  const drawing = new Blob(['<svg/>'], { type: 'image/svg+xml' });
  const invalid = await problem(admin.uploads.send(value.productId, drawing), 'invalid');
  assert.deepEqual(invalid.errors.map(({ pointer }) => pointer), ['/contentType']);
});

for (const end of ['cancelled', 'signed out'] as const) {
  test(`an upload ends at once when it is ${end}`, async (t) => {
    const shop = await FaultyShop.start(t);
    const bucket = await FaultyShop.start(t);
    bucket.fault = () => 'hang';
    shop.next('/uploads', (answer) => JSON.stringify({ ...JSON.parse(answer), url: bucket.url }));
    const admin = await signedInStaff(t, 'admin', { baseUrl: shop.url });
    const { value } = await admin.products.create(MUG);
    const controller = new AbortController();
    const told: number[][] = [];
    const onProgress = (...it: number[]) => told.push(it);
    const upload = admin.uploads.send(value.productId, picture(), { onProgress, signal: controller.signal });
    upload.catch(() => {});
    await until(() => bucket.calls.length === 1, 'the upload is under way');
    if (end === 'cancelled') controller.abort();
    else await admin.signOut();
    await assert.rejects(upload, { name: end === 'cancelled' ? 'AbortError' : 'SessionEnded' });
    assert.deepEqual(told, [[0, 4000]]);
    assert.equal(bucket.calls.length, 1);
  });
}

test('someone is invited, accepts, changes role, and is disabled', async (t) => {
  const owner = await signedInStaff(t, 'super-admin');
  const invitation = { email: newEmail(), name: 'Dora Dispatch', role: 'staff' as const };
  const attempt = owner.users.attempt(invitation);
  const { value: invited } = await attempt.submit();
  assert.equal(invited.status, 'invited');
  const replayed = await owner.users.create(invitation, { idempotencyKey: attempt.key });
  assert.deepEqual([replayed.replayed, replayed.value.invitation], [true, undefined]);

  const dora = staff(t);
  const short = { token: invited.invitation?.token ?? '', password: 'short' };
  await problem(dora.acceptInvitation(short), 'invalid');
  await dora.acceptInvitation({ ...short, password: PASSWORD });
  assert.equal(dora.user, null);
  const user = await dora.signIn({ email: invitation.email, password: PASSWORD });
  assert.equal(user.role, 'staff');

  const list = owner.users.list({ role: 'staff', limit: 2 });
  let found = 0;
  for await (const { userId } of list) if (userId === invited.userId) found++;
  assert.equal(found, 1);
  const current = (await owner.users.list({ limit: 100 }).page()).items.find(({ userId }) => userId === invited.userId);
  assert.ok(current);
  const admin = await owner.users.update(current.userId, { role: 'admin' }, current.version);
  assert.equal(admin.role, 'admin');
  // Another super-admin still has the version before.
  await problem(owner.users.update(current.userId, { status: 'disabled' }, current.version), 'conflict');
  const gone = await owner.users.update(current.userId, { status: 'disabled' }, admin.version);
  assert.equal(gone.status, 'disabled');
  await problem(staff(t).signIn({ email: invitation.email, password: PASSWORD }), 'unauthenticated');

  const actions = [];
  for await (const { action } of owner.audit.list({ target: current.userId, limit: 2 })) actions.push(action);
  assert.deepEqual(actions, ['status-changed', 'role-changed', 'invitation-accepted', 'user-invited']);
});

test('the staff change their passwords by their own route', async (t) => {
  const member = await signedInStaff(t, 'staff');
  const { password } = account('staff');
  const wrong = await problem(member.changePassword({ currentPassword: 'no', newPassword: PASSWORD }), 'invalid');
  assert.deepEqual(wrong.errors.map(({ pointer }) => pointer), ['/currentPassword']);
  await staff(t).signIn({ email: account('staff').email, password });
});

test('a session of the staff is refreshed by their own route', async (t) => {
  const shop = await FaultyShop.start(t);
  shop.next('/login', (answer) => answer.replace('"expiresIn":900', '"expiresIn":0'));
  const member = await signedInStaff(t, 'staff', { baseUrl: shop.url });
  await problem(member.users.list().page(), 'forbidden');
  await member.signOut({ everywhere: true });
  const paths = shop.calls.map(({ path }) => path);
  assert.deepEqual(paths, ['/api/admin/login', '/api/admin/refresh', '/api/admin/users', '/api/admin/logout']);
  assert.notEqual(shop.url, api);
});

test("a bucket's answer that is none ends an upload from a browser, too", async (t) => {
  // Stands in for a browser's: the answer has a status that goes with no body.
  class Answered {
    upload = {};
    status = 205;
    responseText = 'a body';
    onload = () => {};
    open(): void {}
    abort(): void {}
    send(): void {
      // Browsers report what a listener throws, and go on.
      setTimeout(() => {
        try {
          this.onload();
        } catch {
          // The upload hangs.
        }
      });
    }
  }
  const admin = await signedInStaff(t, 'admin', { retry: { attempts: 1 } });
  const { value } = await admin.products.create(MUG);
  Object.assign(globalThis, { XMLHttpRequest: Answered });
  t.after(() => Reflect.deleteProperty(globalThis, 'XMLHttpRequest'));
  const hangs = new Promise((resolve) => setTimeout(resolve, 2000, 'hangs'));
  const sent = admin.uploads.send(value.productId, picture()).catch((error: unknown) => error);
  assert.ok((await Promise.race([sent, hangs])) instanceof ConnectionError);
});
