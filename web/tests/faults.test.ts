// The shop is down, slow or busy: the pages say so, keep what was typed, and go on by themselves.
import assert from 'node:assert/strict';
import { console as consoleText, storefront as text, ui } from '@buy-from-me/text';
import { eventually, pageTest } from './browser.ts';
import { consoleRoute, fillStaffSignIn, menu, openConsoleAs } from './console.ts';
import { Network } from './network.ts';
import { ADDRESS, PASSWORD, account, newCustomer, newEmail, newProduct, ready, storefrontUrl } from './shop.ts';
import { button, cartLink, field, fillSignIn, heading, link, openAs, route, secret } from './storefront.ts';

const DOWN = ui.problems.down(ready.api);
/** As long as nothing was answered, a page can't tell whether it is allowed to read answers. */
const DOWN_OR_CORS = ui.problems.downOrCors(ready.api, new URL(storefrontUrl).origin);

pageTest('a shop that is down is said to be, and its products come when it is back', async ({ visitor }) => {
  const product = await newProduct();
  const browser = await visitor();
  const network = await Network.between(browser.context);
  network.fault = () => 'down';
  browser.expectsNoAnswer();
  browser.expectsError(/\(CORS\)/);
  const page = await browser.tab(storefrontUrl);
  await page.getByRole('alert').getByText(DOWN_OR_CORS).waitFor();
  await page.getByText(ui.goingOn).waitFor();
  network.fault = () => undefined;
  await link(page, product.name).waitFor();
  assert.equal(await page.getByRole('alert').count(), 0);
});

for (const [status, words] of [[429, ui.problems.tooMany(20)], [503, ui.problems.unavailable]] as const) {
  pageTest(`a list that is answered ${status} says why, and can be tried again`, async ({ visitor }) => {
    const product = await newProduct();
    const browser = await visitor();
    const network = await Network.between(browser.context);
    network.fault = () => ({ status, retryAfter: 20 });
    browser.expectsStatus(status);
    const page = await browser.tab(storefrontUrl);
    await page.getByRole('alert').getByText(words).waitFor();
    network.fault = () => undefined;
    await button(page, ui.tryAgain).click();
    await link(page, product.name).waitFor();
  });
}

pageTest('a shop that is slow is waited for, with a word about it', async ({ visitor }) => {
  const product = await newProduct();
  const browser = await visitor();
  const network = await Network.between(browser.context);
  network.fault = ({ path }) => (path === '/api/products' ? { delay: 5000 } : undefined);
  const page = await browser.tab(storefrontUrl);
  await page.getByText(ui.slow).waitFor();
  await link(page, product.name).waitFor();
  assert.equal(await page.getByText(ui.slow).count(), 0);
});

pageTest('what comes late of another page is not shown', async ({ visitor }) => {
  const product = await newProduct();
  const browser = await visitor();
  const network = await Network.between(browser.context);
  let late = false;
  network.fault = ({ path }) => (path === '/api/products' ? { delay: 1500 } : undefined);
  const page = await browser.tab(storefrontUrl);
  page.on('requestfinished', (it) => (late ||= new URL(it.url()).pathname === '/api/products'));
  page.on('requestfailed', (it) => (late ||= new URL(it.url()).pathname === '/api/products'));
  await page.goto(route(`products/${product.productId}`));
  await heading(page, product.name).waitFor();
  await eventually(() => assert.ok(late));
  await new Promise((resolve) => setTimeout(resolve, 300));
  await heading(page, product.name).waitFor();
  assert.equal(await page.getByRole('alert').count(), 0);
});

pageTest('a sign-in that reaches nobody keeps what was typed', async ({ visitor }) => {
  const customer = await newCustomer();
  const browser = await visitor();
  const network = await Network.between(browser.context);
  const page = await browser.tab(route('sign-in?next=%23%2Faccount'));
  network.fault = () => 'down';
  browser.expectsNoAnswer();
  browser.expectsError(/\(CORS\)/);
  await fillSignIn(page, customer);
  await page.getByRole('alert').getByText(DOWN_OR_CORS).waitFor();
  assert.equal(await field(page, text.signIn.email).inputValue(), customer.email);
  assert.equal(await secret(page, text.signIn.password).inputValue(), customer.password);
  network.fault = () => undefined;
  await button(page, text.signIn.submit).click();
  await heading(page, text.account.title).waitFor();
});

pageTest('a registration that is turned away keeps what was typed', async ({ visitor }) => {
  const browser = await visitor();
  const network = await Network.between(browser.context);
  const page = await browser.tab(route('register?next=%23%2Faccount'));
  const email = newEmail();
  await field(page, text.register.name).fill(ADDRESS.name);
  await field(page, text.signIn.email).fill(email);
  await secret(page, text.signIn.password).fill(PASSWORD);
  network.fault = () => ({ status: 429, retryAfter: 50 });
  browser.expectsStatus(429);
  await button(page, text.register.submit).click();
  await page.getByRole('alert').getByText(ui.problems.tooMany(50)).waitFor();
  assert.equal(await field(page, text.register.name).inputValue(), ADDRESS.name);
  assert.equal(await field(page, text.signIn.email).inputValue(), email);
  network.fault = () => undefined;
  await button(page, text.register.submit).click();
  await heading(page, text.account.title).waitFor();
});

pageTest('what could not be added to the cart is added at the next try, once', async ({ visitor }) => {
  const [customer, product] = [await newCustomer(), await newProduct()];
  const browser = await visitor();
  const network = await Network.between(browser.context);
  const page = await browser.tab();
  await openAs(page, customer, `products/${product.productId}`);
  await heading(page, product.name).waitFor();
  network.fault = ({ method }) => (method === 'PUT' ? { status: 503, retryAfter: 0 } : undefined);
  browser.expectsStatus(503);
  await button(page, text.product.more).click();
  await button(page, text.product.add).click();
  await page.getByRole('alert').getByText(ui.problems.unavailable).waitFor();
  // The first answer is lost: the shop has added it.
  let lost = 1;
  network.fault = ({ method }) => (method === 'PUT' && lost-- > 0 ? 'lost' : undefined);
  browser.expectsNoAnswer();
  await button(page, ui.tryAgain).click();
  await cartLink(page, 2).waitFor();
  const cart = await customer.client.cart.get();
  assert.deepEqual(cart.items.map((it) => it.quantity), [2]);
});

pageTest('a cart that could not be read comes when the shop is back', async ({ visitor }) => {
  const [customer, product] = [await newCustomer(), await newProduct()];
  await customer.client.cart.setItem(product.productId, 4);
  const browser = await visitor();
  const network = await Network.between(browser.context);
  network.fault = ({ path }) => (path === '/api/cart' ? 'down' : undefined);
  browser.expectsNoAnswer();
  const page = await browser.tab();
  await openAs(page, customer, 'cart');
  await page.getByRole('alert').waitFor();
  network.fault = () => undefined;
  await link(page, product.name).waitFor();
  await cartLink(page, 4).waitFor();
});

pageTest('a reload while the shop is down signs nobody out', async ({ visitor }) => {
  const [customer, product] = [await newCustomer(), await newProduct()];
  await customer.client.cart.setItem(product.productId, 1);
  const browser = await visitor();
  const network = await Network.between(browser.context);
  const page = await browser.tab();
  await openAs(page, customer, 'cart');
  await link(page, product.name).waitFor();
  network.fault = () => 'down';
  browser.expectsNoAnswer();
  browser.expectsError(/\(CORS\)/);
  await page.reload();
  await page.getByRole('alert').getByText(DOWN_OR_CORS).waitFor();
  network.fault = () => undefined;
  await link(page, product.name).waitFor();
  await cartLink(page, 1).waitFor();
});

pageTest('signing out works here while the shop is down', async ({ visitor }) => {
  const customer = await newCustomer();
  const browser = await visitor();
  const network = await Network.between(browser.context);
  const page = await browser.tab();
  await openAs(page, customer, 'account');
  network.fault = () => 'down';
  browser.expectsNoAnswer();
  await button(page, text.account.signOut).click();
  await link(page, text.header.signIn).waitFor();
  assert.ok(!(await page.evaluate(() => JSON.stringify({ ...sessionStorage }))).includes('refresh'));
  await page.reload();
  await link(page, text.header.signIn).waitFor();
});

pageTest('the console says that the shop is down, and goes on when it is back', async ({ visitor }) => {
  const browser = await visitor();
  const network = await Network.between(browser.context);
  network.fault = () => 'down';
  browser.expectsNoAnswer();
  browser.expectsError(/\(CORS\)/);
  const page = await browser.tab(consoleRoute(''));
  await fillStaffSignIn(page, account('super-admin'));
  await page.getByRole('alert').getByText(DOWN_OR_CORS).waitFor();
  assert.equal(await field(page, consoleText.fields.email).inputValue(), account('super-admin').email);
  network.fault = () => undefined;
  await button(page, consoleText.signIn.submit).click();
  await button(page, consoleText.nav.signOut).waitFor();
  for (const [name, title] of [[consoleText.nav.products, consoleText.products.title], [consoleText.nav.users, consoleText.users.title], [consoleText.nav.audit, consoleText.audit.title]] as const) {
    network.fault = ({ method }) => (method === 'GET' ? 'down' : undefined);
    await menu(page, name).click();
    await heading(page, title).waitFor();
    await page.getByRole('alert').getByText(DOWN).waitFor();
    network.fault = () => undefined;
    await page.getByRole('table').waitFor();
  }
});

for (const [status, words] of [[429, ui.problems.tooMany(20)], [503, ui.problems.unavailable]] as const) {
  pageTest(`a list of the console that is answered ${status} says why`, async ({ visitor }) => {
    const browser = await visitor();
    const network = await Network.between(browser.context);
    const page = await browser.tab();
    await openConsoleAs(page, account('super-admin'));
    network.fault = ({ method }) => (method === 'GET' ? { status, retryAfter: 20 } : undefined);
    browser.expectsStatus(status);
    await menu(page, consoleText.nav.users).click();
    await page.getByRole('alert').getByText(words).waitFor();
    network.fault = () => undefined;
    await eventually(() => button(page, ui.tryAgain).click({ timeout: 1000 }));
    await page.getByRole('table').waitFor();
  });
}
