// What no shop and no browser should do, and some do: addresses that nobody made, answers that
// are not what the contract says, and a storage that keeps nothing. The pages go on.
import assert from 'node:assert/strict';
import { console as consoleText, storefront as text, ui } from '@buy-from-me/text';
import { eventually, pageTest } from './browser.ts';
import { menu, openConsoleAs } from './console.ts';
import { Network } from './network.ts';
import { ADDRESS, account, newCustomer, newProduct, ordersOf } from './shop.ts';
import { atCheckout, button, field, heading, link, openAs, placeButton, route } from './storefront.ts';

pageTest('an address that names what every object has is an address without a page', async ({ visitor }) => {
  const browser = await visitor();
  const page = await browser.tab(route('sign-in'));
  for (const name of ['__proto__', 'constructor', 'hasOwnProperty', 'toString', 'valueOf']) {
    await page.goto(route(name));
    await heading(page, ui.notFound.title).waitFor();
    await page.goto(route('sign-in'));
    await heading(page, text.signIn.title).waitFor();
  }
});

pageTest('a product that can’t be shown says so, and is shown at the next try', async ({ visitor }) => {
  const [product, other] = [await newProduct(), await newProduct()];
  const browser = await visitor();
  const network = await Network.between(browser.context);
  network.fault = ({ path }) => (path === `/api/products/${product.productId}` ? { status: 200, body: {} } : undefined);
  browser.expectsError(/./);
  const page = await browser.tab(route(`products/${product.productId}`));
  await page.getByRole('alert').getByText(ui.problems.broken).waitFor();
  await page.goto(route(`products/${other.productId}`));
  await heading(page, other.name).waitFor();
  await page.goto(route(`products/${product.productId}`));
  await page.getByRole('alert').getByText(ui.problems.broken).waitFor();
  network.fault = () => undefined;
  await button(page, ui.tryAgain).click();
  await heading(page, product.name).waitFor();
  assert.equal(await page.getByRole('alert').count(), 0);
});

pageTest('a list of the console that can’t be shown says so, and leaves the other pages alone', async ({ visitor }) => {
  const browser = await visitor();
  const network = await Network.between(browser.context);
  const page = await browser.tab();
  await openConsoleAs(page, account('super-admin'));
  for (const items of [null, [null]]) {
    network.fault = ({ path }) => (path === '/api/admin/users' ? { status: 200, body: { items, nextCursor: null } } : undefined);
    browser.expectsError(/./);
    await menu(page, consoleText.nav.users).click();
    await page.getByRole('alert').getByText(ui.problems.broken).waitFor();
    await menu(page, consoleText.nav.products).click();
    await page.getByRole('table').waitFor();
  }
  network.fault = () => undefined;
  await menu(page, consoleText.nav.users).click();
  await page.getByRole('table').waitFor();
});

pageTest('a refusal that can’t be shown leaves a checkout that goes on', async ({ visitor }) => {
  const browser = await visitor();
  const network = await Network.between(browser.context);
  const { customer, page } = await atCheckout(browser);
  const total = { amount: 1, currency: 'no currency' };
  const body = { type: '/problems/price-changed', title: 'x', status: 409, detail: 'x', code: 'price-changed', requestId: 'req_1', total };
  network.fault = ({ path, method }) => (path === '/api/checkout' && method === 'POST' ? { status: 409, body } : undefined);
  browser.expectsError(/./);
  await placeButton(page).click();
  await page.getByRole('alert').getByText(ui.problems.broken).waitFor();
  network.fault = () => undefined;
  await button(page, ui.tryAgain).click();
  assert.equal(await field(page, text.checkout.line1).inputValue(), ADDRESS.line1);
  await placeButton(page).click();
  await heading(page, text.order.thanks).waitFor();
  assert.equal((await ordersOf(customer)).length, 1);
});

pageTest('a firewall that refuses what was asked after a lost answer leads to no second order', async ({ visitor }) => {
  const browser = await visitor();
  const network = await Network.between(browser.context);
  const { customer, page } = await atCheckout(browser);
  const faults = ['lost', { status: 403, body: '<h1>Blocked</h1>' }] as const;
  let met = 0;
  network.fault = ({ path, method }) => (path === '/api/checkout' && method === 'POST' ? faults[met++] : undefined);
  browser.expectsNoAnswer();
  browser.expectsStatus(403);
  await placeButton(page).click();
  await page.getByRole('heading', { name: text.checkout.unknown }).waitFor();
  await heading(page, text.order.thanks).waitFor();
  assert.equal((await ordersOf(customer)).length, 1);
  await eventually(() => assert.equal(met, 3));
});

pageTest('a browser that refuses its storage still shows the shop', async ({ visitor }) => {
  const [customer, product] = [await newCustomer(), await newProduct()];
  const browser = await visitor();
  await browser.context.addInitScript(() => {
    Object.defineProperty(window, 'sessionStorage', {
      get() {
        throw new DOMException('denied', 'SecurityError');
      },
    });
  });
  const page = await browser.tab(route(''));
  await link(page, product.name).waitFor();
  await openAs(page, customer, 'account');
  await heading(page, text.account.title).waitFor();
});

pageTest('a browser whose storage is full still places the order', async ({ visitor }) => {
  const browser = await visitor();
  await browser.context.addInitScript(() => {
    Storage.prototype.setItem = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
  });
  const { customer, page } = await atCheckout(browser);
  await placeButton(page).click();
  await heading(page, text.order.thanks).waitFor();
  assert.equal((await ordersOf(customer)).length, 1);
});
