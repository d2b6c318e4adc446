// The staff's work in the console.
import assert from 'node:assert/strict';
import { console as text, storefront, ui } from '@buy-from-me/text';
import type { Page } from 'playwright-core';
import { consoleRoute, fillProduct, fillStaffSignIn, openConsoleAs } from './console.ts';
import { eventually, pageTest } from './browser.ts';
import { Network } from './network.ts';
import { picture } from './picture.ts';
import { PASSWORD, account, newColleague, newEmail, newName, objectOf, ready, staffClient } from './shop.ts';
import { button, field, heading, link, route, secret } from './storefront.ts';

pageTest('an admin creates a product and sends its picture, and customers see the product', async ({ visitor }) => {
  const browser = await visitor();
  const page = await browser.tab(consoleRoute(''));
  await button(page, text.roles.admin).click();
  await link(page, text.home.newProduct.title).click();
  const name = newName('Console lamp');
  await fillProduct(page, { name, description: 'Made in the console.', price: '49.90', stock: '7', category: 'tested-goods' });
  await button(page, text.newProduct.submit).click();
  await heading(page, name).waitFor();
  await page.getByText(text.product.created(name)).first().waitFor();
  await page.getByText('€49.90').waitFor();

  const file = picture(200_000);
  const form = page.waitForResponse((it) => it.url().endsWith('/api/admin/uploads') && it.request().method() === 'POST');
  const percents = await seePercents(page);
  // A second's worth of sending, at this speed.
  const network = await browser.context.newCDPSession(page);
  await network.send('Network.enable');
  await network.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 200_000 });
  await page.getByLabel(text.upload.choose, { exact: true }).setInputFiles({ name: 'lamp.png', mimeType: 'image/png', buffer: file });
  await button(page, text.upload.submit).click();
  // It says what is true: that the picture has arrived, and does not show yet.
  await page.getByText(text.upload.sent('lamp.png')).waitFor();
  const { url, fields } = (await (await form).json()) as { url: string; fields: { key: string } };
  assert.match(fields.key, /^pending\//);
  assert.ok((await objectOf(url, fields.key)).equals(file), 'the bucket has the file');
  const seen = await percents();
  assert.ok(seen.some((it) => it > 0 && it < 100), `there was progress to see: ${seen}`);

  const shop = await browser.tab(route(''));
  await link(shop, name).click();
  await heading(shop, name).waitFor();
  await shop.getByText('Made in the console.').waitFor();
  assert.equal(await shop.locator('main img').count(), 0, 'no picture is shown that is not there');
  await button(shop, storefront.product.add).waitFor();
});

/** Notes every value of a progress bar from now on. */
async function seePercents(page: Page): Promise<() => Promise<number[]>> {
  await page.evaluate(() => {
    const seen: number[] = [];
    Object.assign(globalThis, { seenPercents: seen });
    new MutationObserver(() => {
      const bar = document.querySelector('progress');
      if (bar && bar.value !== seen.at(-1)) seen.push(bar.value);
    }).observe(document.body, { subtree: true, childList: true, attributes: true });
  });
  return () => page.evaluate(() => (globalThis as unknown as { seenPercents: number[] }).seenPercents);
}

pageTest('what the shop would refuse is not sent as a picture', async ({ visitor }) => {
  const page = await (await visitor()).tab();
  const client = await staffClient('admin');
  const { value: product } = await client.products.create({
    name: newName('Unpictured'), price: { amount: 100, currency: 'EUR' }, category: 'tested-goods', status: 'published',
  });
  await openConsoleAs(page, account('admin'), `products/${product.productId}`);
  const choose = page.getByLabel(text.upload.choose, { exact: true });
  await choose.setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('no picture') });
  await page.getByText(text.upload.wrongType).waitFor();
  await choose.setInputFiles({ name: 'huge.png', mimeType: 'image/png', buffer: Buffer.alloc(5 * 1024 * 1024 + 1) });
  await page.getByText(text.upload.tooLarge(5 * 1024 * 1024 + 1, 5 * 1024 * 1024)).waitFor();
  await choose.setInputFiles({ name: 'empty.png', mimeType: 'image/png', buffer: Buffer.alloc(0) });
  await page.getByText(text.upload.empty).waitFor();
});

pageTest('what is wrong with a new product is said at its fields, and what was typed stays', async ({ visitor }) => {
  const page = await (await visitor()).tab();
  await openConsoleAs(page, account('admin'), 'products/new');
  await fillProduct(page, { name: 'ab', price: 'a lot', stock: 'some', category: 'No Good' });
  await button(page, text.newProduct.submit).click();
  const { errors } = text.newProduct;
  for (const error of [errors.name, errors.price, errors.stock(1_000_000), errors.category]) await page.getByText(error).waitFor();
  assert.ok(await field(page, text.newProduct.name).evaluate((it) => it === document.activeElement));
  assert.equal(await field(page, text.newProduct.price('EUR')).inputValue(), 'a lot');
});

pageTest('a change of what somebody else has changed shows the conflict, and can be decided again', async ({ visitor }) => {
  const [colleague, first, second] = await Promise.all([newColleague('staff'), newColleague('super-admin'), newColleague('super-admin')]);
  const open = async (by: typeof first) => {
    const browser = await visitor();
    const page = await browser.tab();
    await openConsoleAs(page, by, 'users');
    await button(page, text.users.changeOf(colleague.name)).click();
    await page.getByRole('dialog', { name: text.changeUser.title(colleague.name) }).waitFor();
    return { browser, page };
  };
  const [one, other] = [await open(first), await open(second)];
  const role = (page: typeof one.page) => page.getByRole('dialog').getByLabel(text.fields.role, { exact: true });
  await role(one.page).selectOption('admin');
  await button(one.page, text.changeUser.save).click();
  await one.page.getByText(text.changeUser.saved(colleague.name)).waitFor();

  await role(other.page).selectOption('super-admin');
  other.browser.expectsStatus(409);
  await button(other.page, text.changeUser.save).click();
  await other.page.getByText(text.changeUser.conflict.text(colleague.name)).waitFor();
  const told = other.page.getByRole('dialog').locator('dl');
  const says = (term: string) => told.locator('div', { hasText: term }).getByRole('definition').innerText();
  assert.match(await says(text.changeUser.conflict.now), new RegExp(`^${text.roles.admin}\\b`));
  assert.match(await says(text.changeUser.conflict.yours), new RegExp(`^${text.roles['super-admin']}\\b`));
  assert.equal(await roleOf(colleague.userId), 'admin', 'nothing is saved before it is decided again');
  await role(other.page).selectOption('staff');
  await button(other.page, text.changeUser.save).click();
  await other.page.getByText(text.changeUser.saved(colleague.name)).waitFor();
  assert.equal(await roleOf(colleague.userId), 'staff');
});

async function roleOf(userId: string): Promise<string | undefined> {
  const client = await staffClient('super-admin');
  for await (const it of client.users.list({ limit: 100 })) if (it.userId === userId) return it.role;
  return undefined;
}

pageTest('who is invited follows the link, sets a password and signs in', async ({ visitor }) => {
  const page = await (await visitor()).tab();
  await openConsoleAs(page, account('super-admin'), 'users/invite');
  const [email, name] = [newEmail(), newName('Ida Invited')];
  await field(page, text.fields.name).fill(name);
  await field(page, text.fields.email).fill(email);
  await page.getByLabel(text.fields.role, { exact: true }).selectOption('admin');
  await button(page, text.invite.submit).click();
  const invitation = await field(page, text.invite.link).inputValue();

  const invited = await (await visitor()).tab(invitation);
  await heading(invited, text.invitation.title).waitFor();
  assert.ok(!invited.url().includes(new URL(invitation).hash.split('token=')[1] ?? ''), 'the token left the address bar');
  await secret(invited, text.password.next).fill(PASSWORD);
  await button(invited, text.invitation.submit).click();
  await link(invited, text.invitation.signIn).click();
  await fillStaffSignIn(invited, { email, password: PASSWORD });
  await heading(invited, text.home.title(name)).waitFor();
  await link(invited, text.home.newProduct.title).waitFor();

  // The link works once.
  const other = await visitor();
  other.expectsError(/server responded with a status of 4\d\d/);
  const late = await other.tab(invitation);
  await secret(late, text.password.next).fill(PASSWORD);
  await button(late, text.invitation.submit).click();
  await late.getByText(text.invitation.badToken).waitFor();
});

pageTest('a role that may not do something is not offered it, and is told so at its address', async ({ visitor }) => {
  const page = await (await visitor()).tab();
  await openConsoleAs(page, account('staff'));
  for (const name of [text.nav.users, text.nav.audit, text.home.newProduct.title]) assert.equal(await link(page, name).count(), 0, name);
  await page.goto(consoleRoute('audit'));
  await heading(page, text.forbidden.title).waitFor();
  await page.goto(consoleRoute('products/new'));
  await heading(page, text.forbidden.title).waitFor();
});

pageTest('the audit log shows what was just done, and by whom', async ({ visitor }) => {
  const colleague = await newColleague('staff');
  const page = await (await visitor()).tab();
  await openConsoleAs(page, account('super-admin'), `audit?target=${colleague.userId}`);
  const action = page.getByRole('cell', { name: text.audit.actions['user-invited'] ?? '', exact: true });
  const row = page.getByRole('row').filter({ has: action });
  await row.waitFor();
  await eventually(async () => assert.match(await row.innerText(), /Sue Super/));
});

pageTest('the back button after signing out of the console shows nothing of the staff’s', async ({ visitor }) => {
  const colleague = await newColleague('super-admin');
  const browser = await visitor();
  const page = await browser.tab();
  await openConsoleAs(page, colleague, 'users');
  await page.getByRole('table').waitFor();
  await link(page, text.nav.audit).click();
  await page.getByRole('table').waitFor();
  const other = await browser.tab(consoleRoute('products'));
  await button(other, text.nav.signOut).waitFor();
  await button(page, text.nav.signOut).click();
  await heading(page, text.signIn.title).waitFor();
  await heading(other, text.signIn.title).waitFor();
  for (let steps = 0; steps < 2; steps++) {
    await page.goBack({ waitUntil: 'commit' });
    await heading(page, text.signIn.title).waitFor();
    assert.ok(!(await page.evaluate(() => document.documentElement.outerHTML)).includes(colleague.name));
    assert.equal(await page.getByRole('table').count(), 0);
  }
});

pageTest('customers’ and staff’s sessions are two', async ({ visitor }) => {
  const browser = await visitor();
  const page = await browser.tab();
  await openConsoleAs(page, account('staff'));
  const shop = await browser.tab(route(''));
  await link(shop, storefront.header.signIn).waitFor();
});

pageTest('a wrong password is told, and what was typed stays', async ({ visitor }) => {
  const browser = await visitor();
  const page = await browser.tab(consoleRoute('users'));
  browser.expectsStatus(401);
  await fillStaffSignIn(page, { email: newEmail(), password: 'nobody knows this one' });
  await page.getByText(text.signIn.wrong).waitFor();
  assert.equal(await secret(page, text.fields.password).inputValue(), 'nobody knows this one');
});

pageTest('a product that could not be created is typed once: it is created when the shop is back', async ({ visitor }) => {
  const browser = await visitor();
  const network = await Network.between(browser.context);
  const page = await browser.tab();
  await openConsoleAs(page, account('admin'), 'products/new');
  const name = newName('Patient lamp');
  await fillProduct(page, { name, price: '10', stock: '1', category: 'tested-goods' });
  network.fault = ({ method }) => (method === 'POST' ? { status: 503, retryAfter: 1 } : undefined);
  browser.expectsStatus(503);
  await button(page, text.newProduct.submit).click();
  await page.getByText(ui.problems.unavailable).waitFor();
  assert.equal(await field(page, text.newProduct.name).inputValue(), name);
  // The product is made, and no answer comes to any of the client's own tries.
  network.fault = ({ method }) => (method === 'POST' ? 'lost' : undefined);
  browser.expectsNoAnswer();
  await button(page, text.newProduct.submit).click();
  await page.getByText(ui.problems.down(ready.api)).waitFor();
  assert.equal(await field(page, text.newProduct.name).inputValue(), name);
  network.fault = () => undefined;
  await button(page, text.newProduct.submit).click();
  await heading(page, name).waitFor();
  await page.goto(consoleRoute('products'));
  await eventually(async () => assert.equal(await link(page, name).count(), 1));
});

pageTest('a session that ends while a product is typed costs nothing of it', async ({ visitor }) => {
  const colleague = await newColleague('admin');
  const browser = await visitor();
  const page = await browser.tab();
  await openConsoleAs(page, colleague, 'products/new');
  const name = newName('Kept lamp');
  await fillProduct(page, { name, price: '10', stock: '1', category: 'tested-goods' });
  await colleague.client.signOut({ everywhere: true });
  browser.expectsStatus(401);
  await button(page, text.newProduct.submit).click();
  await page.getByText(text.signIn.ended).waitFor();
  await fillStaffSignIn(page, colleague);
  await heading(page, text.newProduct.title).waitFor();
  assert.equal(await field(page, text.newProduct.name).inputValue(), name);
  await button(page, text.newProduct.submit).click();
  await heading(page, name).waitFor();
});
