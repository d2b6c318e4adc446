// The staff's calls, against the shop as it is.
import assert from 'node:assert/strict';
import { before, test, type TestContext } from 'node:test';
import { ConnectionError, createStaffClient, type NewProduct, type OrderStatus, SessionEnded, ShopProblem, UploadRefused } from '@buy-from-me/client';
import { account, ADDRESS, api, customer, FaultyShop, makeCategory, newcomer, newEmail, problem, signedInStaff, staff, until } from './shop.ts';

const MUG: NewProduct = { name: 'Test Mug', price: { amount: 900, currency: 'EUR' }, category: 'test-mugs', status: 'published', stock: 3 };
const PASSWORD = 'twelve-herons-fish-at-dawn';

before(async () => {
  const admin = createStaffClient({ baseUrl: api });
  await admin.signIn(account('admin'));
  await makeCategory(admin, MUG.category, 'Test mugs');
  admin.close();
});

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

test('a category is made, changed and deleted, but not while something uses it', async (t) => {
  const admin = await signedInStaff(t, 'admin');
  const slug = `shelf-${crypto.randomUUID().slice(0, 8)}`;
  await makeCategory(admin, slug, 'Shelf');
  const { value } = await admin.products.create({ ...MUG, category: slug });
  await problem(admin.categories.delete(slug), 'conflict');
  await admin.products.update(value.productId, { category: MUG.category }, value.version);
  assert.equal(await makeCategory(admin, slug, 'Long shelf'), slug);
  await problem(admin.categories.save(slug, { name: 'Shelf', parent: slug }), 'invalid');
  await problem(admin.categories.save(slug, { name: 'Shelf', version: 0 }), 'conflict');
  await repeated(() => admin.categories.delete(slug));
  await problem(admin.categories.delete(slug), 'not-found');
  await problem((await signedInStaff(t, 'staff')).categories.save(slug, { name: 'Shelf' }), 'forbidden');
});

/** Does something again for as long as categories are changed at the same time. */
async function repeated(act: () => Promise<void>): Promise<void> {
  for (let tries = 0; tries < 20; tries++) {
    const error = await act().then(() => undefined, (it: unknown) => it);
    if (!error) return;
    if (!(error instanceof ShopProblem && error.code === 'conflict')) throw error;
  }
  assert.fail('There is always a conflict.');
}

test('a product is changed of the version that was read, and only what was sent', async (t) => {
  const admin = await signedInStaff(t, 'admin');
  const sku = `MUG-${crypto.randomUUID()}`;
  const { value: made } = await admin.products.create({ ...MUG, status: 'draft', sku });
  const changed = await admin.products.update(made.productId, { name: 'Other Mug', price: { amount: 950, currency: 'EUR' } }, made.version);
  assert.deepEqual(await admin.products.get(made.productId), changed);
  assert.deepEqual(changed, { ...made, name: 'Other Mug', price: { amount: 950, currency: 'EUR' }, version: changed.version });
  assert.ok(changed.version > made.version);
  await problem(admin.products.update(made.productId, { name: 'Late Mug' }, made.version), 'conflict');
  await problem(admin.products.create({ ...MUG, sku: sku.toLowerCase() }), 'conflict');
  const bare = await admin.products.update(made.productId, { sku: '' }, changed.version);
  assert.equal(bare.sku, null);
  const member = await signedInStaff(t, 'staff');
  await problem(member.products.update(made.productId, { name: 'No Mug' }, bare.version), 'forbidden');
  assert.equal((await member.products.get(made.productId)).name, 'Other Mug');
});

test('all products are listed, the newest first, and by status, category and stock', async (t) => {
  const admin = await signedInStaff(t, 'admin');
  const { value: first } = await admin.products.create({ ...MUG, status: 'draft', stock: 0 });
  const { value: second } = await admin.products.create({ ...MUG, stock: 100 });
  const member = await signedInStaff(t, 'staff');
  const found = async (filter: Parameters<typeof member.products.list>[0]) => {
    const ids: string[] = [];
    for await (const { productId } of member.products.list({ ...filter, category: MUG.category, limit: 3 })) ids.push(productId);
    return [second, first].map(({ productId }) => ids.indexOf(productId)).map((at) => at >= 0);
  };
  assert.deepEqual(await found({}), [true, true]);
  assert.deepEqual(await found({ status: 'draft' }), [false, true]);
  assert.deepEqual(await found({ lowStock: true }), [false, true]);
  assert.deepEqual(await found({ status: 'published' }), [true, false]);
});

test('a change of the stock is done once under its key, and never below nothing', async (t) => {
  const shop = await FaultyShop.start(t);
  const member = await signedInStaff(t, 'staff', { baseUrl: shop.url, retry: { attempts: 1 } });
  const { value: mug } = await (await signedInStaff(t, 'admin')).products.create(MUG);
  const attempt = member.products.stockAttempt(mug.productId, { adjustBy: 4 });
  shop.next('/stock', 'lose');
  await assert.rejects(attempt.submit(), ConnectionError);
  assert.deepEqual(await attempt.submit(), { value: { productId: mug.productId, available: 7 }, replayed: true });
  assert.deepEqual((await member.products.setStock(mug.productId, { available: 2 })).value.available, 2);
  await problem(member.products.setStock(mug.productId, { adjustBy: -3 }), 'conflict');
  await problem(member.products.setStock(mug.productId, { available: 1_000_001 }), 'invalid');
  assert.equal((await member.products.get(mug.productId)).available, 2);
});

test('a product is deleted by a super-admin alone, and again without harm', async (t) => {
  const { value: mug } = await (await signedInStaff(t, 'admin')).products.create(MUG);
  await problem((await signedInStaff(t, 'admin')).products.delete(mug.productId), 'forbidden');
  const owner = await signedInStaff(t, 'super-admin');
  await owner.products.delete(mug.productId);
  await owner.products.delete(mug.productId);
  await problem(owner.products.get(mug.productId), 'not-found');
});

test('an upload tells what became of it, to whom it belongs', async (t) => {
  const admin = await signedInStaff(t, 'admin');
  const { value: mug } = await admin.products.create(MUG);
  const { uploadId } = await admin.uploads.send(mug.productId, picture());
  const state = await admin.uploads.get(uploadId);
  assert.deepEqual([state.uploadId, state.productId], [uploadId, mug.productId]);
  assert.ok(['pending', 'rejected'].includes(state.status), 'it is no picture');
  await problem((await signedInStaff(t, 'super-admin')).uploads.get(uploadId), 'not-found');
  await problem(admin.products.deleteImage(mug.productId, uploadId.replace('upl', 'img')), 'not-found');
});

/** Makes an order of somebody new, and tells who that is. */
async function newOrder(t: TestContext) {
  const { value: mug } = await (await signedInStaff(t, 'admin')).products.create(MUG);
  const client = await newcomer(t);
  const { total } = await client.cart.setItem(mug.productId, 2);
  const { order } = await client.checkout({ expectedTotal: total, shippingAddress: ADDRESS, paymentMethod: 'invoice' }).submit();
  assert.ok(client.user);
  return { order, user: client.user, client };
}

test('an order is moved along of the version that was read, one step at a time', async (t) => {
  const { order, user, client } = await newOrder(t);
  const member = await signedInStaff(t, 'staff');
  const { orderId } = order;
  const read = await member.orders.get(user.userId, orderId);
  assert.deepEqual(read, { ...order, userId: user.userId, notes: [] });
  const packed = await member.orders.update(user.userId, orderId, { status: 'processing', note: 'In the blue box' }, read.version);
  assert.deepEqual([packed.status, packed.notes.map(({ text }) => text)], ['processing', ['In the blue box']]);
  await problem(member.orders.update(user.userId, orderId, { status: 'shipped' }, read.version), 'conflict');
  await problem(member.orders.update(user.userId, orderId, { status: 'delivered' }, packed.version), 'invalid-transition');
  await problem(member.orders.update(user.userId, orderId, { paid: true }, packed.version), 'forbidden');
  const admin = await signedInStaff(t, 'admin');
  const paid = await admin.orders.update(user.userId, orderId, { paid: true }, packed.version);
  assert.equal(paid.payment.status, 'paid');
  const seen = await client.orders.get(orderId);
  assert.deepEqual([seen.status, seen.payment.status, 'notes' in seen], ['processing', 'paid', false]);
  await problem(member.orders.get(user.userId, orderId.slice(0, -1) + (orderId.endsWith('0') ? '1' : '0')), 'not-found');
});

test('orders are listed by their status, the newest first', async (t) => {
  const [first, second] = [await newOrder(t), await newOrder(t)];
  const member = await signedInStaff(t, 'staff');
  const listed = async (status: OrderStatus) => {
    const ids = [];
    for await (const { orderId } of member.orders.list({ status, limit: 2 })) ids.push(orderId);
    return ids.filter((it) => it === first.order.orderId || it === second.order.orderId);
  };
  assert.deepEqual(await listed('placed'), [second.order.orderId, first.order.orderId]);
  await first.client.orders.cancel(first.order.orderId);
  assert.deepEqual(await listed('placed'), [second.order.orderId]);
  assert.deepEqual(await listed('cancelled'), [first.order.orderId]);
});

test('a customer is found by address or order, for a reason', async (t) => {
  const { order, user } = await newOrder(t);
  const member = await signedInStaff(t, 'staff');
  const byOrder = await member.customers.search({ orderId: order.orderId, reason: 'Asks about a parcel' });
  assert.equal(byOrder.customer.userId, user.userId);
  assert.deepEqual(byOrder.orders.map(({ orderId }) => orderId), [order.orderId]);
  assert.deepEqual(await member.customers.search({ email: user.email, reason: 'Asks about a parcel' }), byOrder);
  await problem(member.customers.search({ email: newEmail(), reason: 'Asks about a parcel' }), 'not-found');
  await problem(member.customers.search({ email: user.email, reason: '' }), 'invalid');
});

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
