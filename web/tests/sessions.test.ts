// Sessions: what happens when they end, on purpose or not, and who sees what afterwards.
import assert from 'node:assert/strict';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { storefront as text } from '@buy-from-me/text';
import type { Page } from 'playwright-core';
import { eventually, pageTest } from './browser.ts';
import { Network } from './network.ts';
import { ADDRESS, type Customer, newCustomer, newProduct, ordersOf } from './shop.ts';
import { atCheckout, button, cartLink, field, fillAddress, fillSignIn, heading, link, openAs, placeButton, route } from './storefront.ts';

/** Makes a customer with an order, something in the cart, and a name that stands nowhere else. */
async function customerWithThings(): Promise<Customer & { orderId: string; inCart: string }> {
  const customer = await newCustomer(`Private ${crypto.randomUUID().slice(0, 8)}`);
  const [ordered, held] = [await newProduct(), await newProduct()];
  await customer.client.cart.setItem(ordered.productId, 1);
  const { order } = await customer.client
    .checkout({ expectedTotal: ordered.price, shippingAddress: ADDRESS, paymentMethod: 'invoice' })
    .submit();
  await customer.client.cart.setItem(held.productId, 3);
  return { ...customer, orderId: order.orderId, inCart: held.name };
}

/** Fails if anything of a customer stands in a page: shown or not, or kept by it. */
async function showsNothingOf(page: Page, customer: Customer & { orderId: string; inCart: string }): Promise<void> {
  const all = await page.evaluate((products) => {
    const copy = document.documentElement.cloneNode(true) as HTMLElement;
    // The list of products shows anybody what this customer has in the cart, since it is new.
    copy.querySelector(`ul[aria-label="${products}"]`)?.remove();
    return copy.outerHTML + JSON.stringify({ ...sessionStorage, ...localStorage });
  }, text.products.list);
  for (const secret of [customer.name, customer.email, customer.orderId, customer.inCart, ADDRESS.line1]) {
    assert.ok(!all.includes(secret), `the page has ${secret}`);
  }
}

async function signOut(page: Page): Promise<void> {
  await link(page, text.header.account).click();
  await button(page, text.account.signOut).click();
  await link(page, text.header.signIn).waitFor();
}

pageTest('a token that ends midway is replaced, and the order is placed', async ({ visitor }) => {
  const browser = await visitor();
  const network = await Network.between(browser.context);
  const { customer, page } = await atCheckout(browser);
  const spent = network.calls.filter((it) => it.token).at(-1)?.token;
  assert.ok(spent);
  network.fault = ({ token }) => (token === spent ? 'spoiled' : undefined);
  browser.expectsStatus(401);
  await placeButton(page).click();
  await heading(page, text.order.thanks).waitFor();
  assert.equal(network.count('POST', '/api/auth/refresh'), 1);
  assert.equal((await ordersOf(customer)).length, 1);
});

pageTest('a session that ends midway asks for the password and loses nothing typed', async ({ visitor }) => {
  const browser = await visitor();
  const { customer, page } = await atCheckout(browser);
  await customer.client.signOut({ everywhere: true });
  browser.expectsStatus(401);
  await placeButton(page).click();
  await heading(page, text.signIn.title).waitFor();
  await page.getByText(text.signIn.endedKept).waitFor();
  await fillSignIn(page, customer);
  await heading(page, text.checkout.title).waitFor();
  assert.equal(await field(page, text.checkout.line1).inputValue(), ADDRESS.line1);
  assert.equal(await field(page, text.checkout.city).inputValue(), ADDRESS.city);
  await placeButton(page).click();
  await heading(page, text.order.thanks).waitFor();
  await customer.client.signIn(customer);
  assert.equal((await ordersOf(customer)).length, 1);
});

pageTest('two tabs whose tokens end at once ask for one new one', async ({ visitor }) => {
  const [customer, product] = [await newCustomer(), await newProduct()];
  await customer.client.cart.setItem(product.productId, 2);
  const browser = await visitor();
  const network = await Network.between(browser.context);
  const first = await browser.tab();
  await openAs(first, customer);
  await cartLink(first, 2).waitFor();
  const second = await browser.tab(route(''));
  await cartLink(second, 2).waitFor();
  assert.equal(network.count('POST', '/api/auth/refresh'), 0);
  const spent = network.calls.filter((it) => it.token).at(-1)?.token;
  const before = network.count('GET', '/api/cart');
  network.fault = ({ token, path }) => {
    if (path === '/api/auth/refresh') return { delay: 300 };
    return token === spent ? 'spoiled' : undefined;
  };
  browser.expectsStatus(401);
  await customer.client.cart.setItem(product.productId, 5);
  const look = () => void document.dispatchEvent(new Event('visibilitychange'));
  await Promise.all([first.evaluate(look), second.evaluate(look)]);
  await Promise.all([cartLink(first, 5).waitFor(), cartLink(second, 5).waitFor()]);
  const spoiled = network.calls.filter((it) => it.token === spent && it.path === '/api/cart').length - before;
  assert.equal(spoiled, 2, 'both tabs met a token that had ended');
  assert.equal(network.count('POST', '/api/auth/refresh'), 1);
});

pageTest('a reload stays signed in', async ({ visitor }) => {
  const customer = await customerWithThings();
  const page = await (await visitor()).tab();
  await openAs(page, customer, 'cart');
  await page.reload();
  await link(page, customer.inCart).waitFor();
});

pageTest('the back button after signing out shows nothing private', async ({ visitor }) => {
  const customer = await customerWithThings();
  const browser = await visitor();
  // What the page shows must not wait for the shop to hear of it.
  const network = await Network.between(browser.context);
  network.fault = ({ path }) => (path === '/api/auth/logout' ? { delay: 1500 } : undefined);
  const page = await browser.tab();
  await openAs(page, customer, `orders/${customer.orderId}`);
  await page.getByText(customer.orderId).waitFor();
  await cartLink(page, 3).click();
  await link(page, customer.inCart).waitFor();
  await link(page, text.cart.checkout).click();
  await fillAddress(page);
  await signOut(page);
  await showsNothingOf(page, customer);
  const privatePages: string[] = [];
  for (let steps = 0; steps < 4; steps++) {
    await goBack(page);
    await eventually(async () => assert.ok(await page.getByRole('heading', { level: 1 }).isVisible()));
    privatePages.push(await page.getByRole('heading', { level: 1 }).innerText());
    // The address may name an order, which tells nothing: only who is signed in can read it.
    const html = await page.locator('body').innerText();
    const isList = (await page.getByRole('list', { name: text.products.list }).count()) > 0;
    const secrets = [customer.name, customer.email, customer.orderId, ADDRESS.line1, ...(isList ? [] : [customer.inCart])];
    for (const secret of secrets) {
      assert.ok(!html.includes(secret), `${page.url()} shows ${secret}`);
    }
  }
  assert.ok(privatePages.includes(text.signIn.title), privatePages.join(', '));
});

/** Goes back; a page that comes out of the browser's cache is not loaded anew. */
async function goBack(page: Page): Promise<void> {
  await page.goBack({ waitUntil: 'commit' });
}

/** Serves an empty page at another origin. */
async function elsewhere(t: TestContext): Promise<string> {
  const server = http.createServer((_, response) => response.setHeader('content-type', 'text/html').end('<title>Elsewhere</title>'));
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

pageTest('who left the site and signed out in another tab finds nothing private on coming back', async ({ visitor, t }) => {
  const customer = await customerWithThings();
  const browser = await visitor();
  const page = await browser.tab();
  await openAs(page, customer, `orders/${customer.orderId}`);
  await page.getByText(customer.orderId).waitFor();
  const other = await browser.tab(route('account'));
  await button(other, text.account.signOut).waitFor();
  await page.goto(await elsewhere(t));
  await button(other, text.account.signOut).click();
  await link(other, text.header.signIn).waitFor();
  // The tab kept a refresh token that the shop no longer takes.
  browser.expectsStatus(401);
  await goBack(page);
  await heading(page, text.signIn.title).waitFor();
  assert.ok(!(await page.evaluate(() => document.body.innerText)).includes(customer.orderId));
});

pageTest('who signed out and left the site finds nothing private on coming back', async ({ visitor, t }) => {
  const customer = await customerWithThings();
  const page = await (await visitor()).tab();
  await openAs(page, customer, `orders/${customer.orderId}`);
  await page.getByText(customer.orderId).waitFor();
  await signOut(page);
  await page.goto(await elsewhere(t));
  await goBack(page);
  await link(page, text.header.signIn).waitFor();
  await showsNothingOf(page, customer);
});

pageTest('signing out in one tab signs out the others', async ({ visitor }) => {
  const customer = await customerWithThings();
  const browser = await visitor();
  const first = await browser.tab();
  await openAs(first, customer, `orders/${customer.orderId}`);
  await first.getByText(customer.orderId).waitFor();
  const second = await browser.tab(route('account'));
  await button(second, text.account.signOut).click();
  await heading(first, text.signIn.title).waitFor();
  await cartLink(first, 0).waitFor();
  await eventually(() => first.evaluate(() => document.body.innerText).then((it) => assert.ok(!it.includes(customer.orderId))));
});

pageTest('another customer in the same browser sees nothing of the first', async ({ visitor }) => {
  const [first, second] = [await customerWithThings(), await newCustomer('Sam Second')];
  const page = await (await visitor()).tab();
  await openAs(page, first, 'checkout');
  await fillAddress(page);
  await signOut(page);
  await openAs(page, second, 'cart');
  await heading(page, text.cart.empty).waitFor();
  await showsNothingOf(page, first);
  await page.goto(route('orders'));
  await page.getByText(text.orders.none).waitFor();
  await page.goto(route('checkout'));
  await heading(page, text.checkout.empty).waitFor();
  await showsNothingOf(page, first);
});

pageTest('another customer who signs in after a session ended sees nothing of the first', async ({ visitor }) => {
  const [first, second, product] = [await customerWithThings(), await newCustomer('Sam Second'), await newProduct()];
  await second.client.cart.setItem(product.productId, 1);
  const browser = await visitor();
  const page = await browser.tab();
  await openAs(page, first, 'checkout');
  await fillAddress(page);
  await first.client.signOut({ everywhere: true });
  browser.expectsStatus(401);
  await placeButton(page).click();
  await heading(page, text.signIn.title).waitFor();
  await fillSignIn(page, second);
  await heading(page, text.checkout.title).waitFor();
  await cartLink(page, 1).waitFor();
  assert.equal(await field(page, text.checkout.line1).inputValue(), '');
  await showsNothingOf(page, first);
  // Nor is the order of the first one on this browser's way.
  browser.expectsStatus(404);
  await page.goto(route(`orders/${first.orderId}`));
  await heading(page, text.order.notFound).waitFor();
});
