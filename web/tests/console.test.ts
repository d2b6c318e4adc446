// The staff's work in the console.
import assert from 'node:assert/strict';
import { console as text, storefront, ui } from '@buy-from-me/text';
import { consoleRoute, fillProduct, fillStaffSignIn, menu, openConsoleAs } from './console.ts';
import { eventually, pageTest } from './browser.ts';
import { Network } from './network.ts';
import { PASSWORD, account, newColleague, newEmail, newName, ready, staffClient, testCategory } from './shop.ts';
import { button, field, heading, link, route, secret } from './storefront.ts';

pageTest('what is wrong with a new product is said at its fields, and what was typed stays', async ({ visitor }) => {
  const page = await (await visitor()).tab();
  await openConsoleAs(page, account('admin'), 'products/new');
  await fillProduct(page, { name: 'ab', price: 'a lot', stock: 'some', category: '', sku: 'no good' });
  await button(page, text.newProduct.submit).click();
  const { errors } = text.newProduct;
  const stock = text.stock.error(0, 1_000_000);
  for (const error of [errors.name, errors.price, stock, errors.sku, ui.fillIn]) await page.getByText(error).waitFor();
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
  for (const name of [text.nav.orders, text.nav.products, text.nav.categories, text.nav.customers]) await menu(page, name).waitFor();
  await page.goto(consoleRoute('audit'));
  await heading(page, text.forbidden.title).waitFor();
  await page.goto(consoleRoute('products/new'));
  await heading(page, text.forbidden.title).waitFor();
});

pageTest('the audit log shows what was just done, and by whom', async ({ visitor }) => {
  const colleague = await newColleague('staff');
  const page = await (await visitor()).tab();
  await openConsoleAs(page, account('super-admin'), `audit?target=${colleague.userId}`);
  const action = page.getByRole('cell', { name: text.audit.actions['user-invited'], exact: true });
  const row = page.getByRole('row').filter({ has: action });
  await row.waitFor();
  await eventually(async () => assert.match(await row.innerText(), /Sue Super/));
});

pageTest('on a phone the menu shows where one is', async ({ visitor }) => {
  const page = await (await visitor({ viewport: { width: 360, height: 740 } })).tab();
  await openConsoleAs(page, account('super-admin'), 'audit');
  await heading(page, text.audit.title).waitFor();
  const isInView = (name: string) => menu(page, name).evaluate((it) => it.getBoundingClientRect().left >= 0 && it.getBoundingClientRect().right <= innerWidth);
  await eventually(async () => assert.ok(await isInView(text.nav.audit)));
  await menu(page, text.nav.audit).evaluate((it) => it.closest('nav')?.scrollTo(1000, 0));
  await page.goto(consoleRoute('orders'));
  await eventually(async () => assert.ok(await isInView(text.nav.orders)));
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
  await testCategory();
  const browser = await visitor();
  const network = await Network.between(browser.context);
  const page = await browser.tab();
  await openConsoleAs(page, account('admin'), 'products/new');
  const name = newName('Patient lamp');
  await fillProduct(page, { name, price: '10', stock: '1' });
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
  await testCategory();
  const colleague = await newColleague('admin');
  const browser = await visitor();
  const page = await browser.tab();
  await openConsoleAs(page, colleague, 'products/new');
  const name = newName('Kept lamp');
  await fillProduct(page, { name, price: '10', stock: '1' });
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
