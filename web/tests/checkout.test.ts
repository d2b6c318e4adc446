// What can go wrong in a checkout: never is there a second order, and nothing typed is lost.
import assert from 'node:assert/strict';
import { storefront as text } from '@buy-from-me/text';
import { formatMoney } from '../ui/src/format.ts';
import { eventually, pageTest } from './browser.ts';
import { type Fault, Network } from './network.ts';
import { ADDRESS, type Customer, newCustomer, newProduct, ordersOf, setPrice, setStock, staffClient } from './shop.ts';
import { atCheckout, button, cartLink, field, fillAddress, heading, link, openAs, placeButton } from './storefront.ts';
import type { Page } from 'playwright-core';

const euros = (amount: number) => formatMoney({ amount, currency: 'EUR' });

async function keepsAddress(page: Page): Promise<void> {
  assert.equal(await field(page, text.checkout.line1).inputValue(), ADDRESS.line1);
  assert.equal(await field(page, text.checkout.city).inputValue(), ADDRESS.city);
  assert.equal(await page.getByLabel(text.checkout.country, { exact: true }).inputValue(), ADDRESS.country);
}

async function hasOneOrder(customer: Customer): Promise<void> {
  assert.equal((await ordersOf(customer)).length, 1);
}

pageTest('a price that changed is shown, and the order is placed for it at the second click', async ({ visitor }) => {
  const browser = await visitor();
  const { customer, product, page } = await atCheckout(browser, 2);
  // The cart is read anew when a tab comes to the front, and would show the new price.
  await page.waitForLoadState('networkidle');
  await setPrice(product.productId, 2500);
  browser.expectsStatus(409);
  await button(page, text.checkout.place(euros(2 * 1999))).click();
  await page.getByRole('heading', { name: text.checkout.priceChanged }).waitFor();
  await page.getByText(text.checkout.priceChangedText(euros(2 * 1999), euros(2 * 2500))).waitFor();
  assert.deepEqual(await ordersOf(customer), []);
  await keepsAddress(page);
  await button(page, text.checkout.place(euros(5000))).click();
  await heading(page, text.order.thanks).waitFor();
  const [order] = await ordersOf(customer);
  assert.equal(order?.total.amount, 5000);
});

pageTest('what is out of stock is named, and fewer of it can be ordered', async ({ visitor }) => {
  const browser = await visitor();
  const { customer, product, page } = await atCheckout(browser, 3);
  await setStock(product.productId, 2);
  browser.expectsStatus(409);
  await placeButton(page).click();
  await page.getByRole('heading', { name: text.checkout.outOfStock }).waitFor();
  assert.deepEqual(await ordersOf(customer), []);
  await keepsAddress(page);
  await button(page, text.cart.fewerOf(product.name)).click();
  await button(page, text.checkout.place(euros(2 * 1999))).click();
  await heading(page, text.order.thanks).waitFor();
  const orders = await ordersOf(customer);
  assert.deepEqual(orders.map((it) => it.lines.map((line) => line.quantity)), [[2]]);
});

pageTest('what can’t be bought is named before anything is sent, and the rest can be ordered', async ({ visitor }) => {
  const [customer, fine, scarce, gone] = [await newCustomer(), await newProduct(), await newProduct({ stock: 1 }), await newProduct()];
  for (const { productId } of [fine, scarce, gone]) await customer.client.cart.setItem(productId, 2);
  await (await staffClient('admin')).products.update(gone.productId, { status: 'draft' }, gone.version);
  const page = await (await visitor()).tab();
  await openAs(page, customer, 'checkout');
  await fillAddress(page);
  await page.getByRole('heading', { name: text.checkout.short }).waitFor();
  await button(page, text.checkout.place(euros(2 * 1999))).waitFor();
  // Of what is gone there is nothing to lower.
  assert.equal(await button(page, text.cart.fewerOf(gone.name)).count(), 0);
  await button(page, text.cart.fewerOf(scarce.name)).click();
  await button(page, text.checkout.place(euros(3 * 1999))).waitFor();
  await button(page, text.cart.removeOf(gone.name)).click();
  await page.getByRole('heading', { name: text.checkout.short }).waitFor({ state: 'detached' });
  await keepsAddress(page);
  await placeButton(page).click();
  await heading(page, text.order.thanks).waitFor();
  const [order] = await ordersOf(customer);
  assert.deepEqual(order?.lines.map((it) => [it.productId, it.quantity]).sort(), [[fine.productId, 2], [scarce.productId, 1]].sort());
});

pageTest('what is no longer sold doesn’t keep the rest from being ordered', async ({ visitor }) => {
  const [customer, fine, gone] = [await newCustomer(), await newProduct(), await newProduct()];
  for (const { productId } of [fine, gone]) await customer.client.cart.setItem(productId, 1);
  await (await staffClient('super-admin')).products.delete(gone.productId);
  const page = await (await visitor()).tab();
  await openAs(page, customer, 'checkout');
  await fillAddress(page);
  await page.getByRole('heading', { name: text.checkout.short }).waitFor();
  await button(page, text.checkout.place(euros(1999))).click();
  await heading(page, text.order.thanks).waitFor();
  const [order] = await ordersOf(customer);
  assert.deepEqual(order?.lines.map((it) => it.productId), [fine.productId]);
});

pageTest('what sold out meanwhile can be removed, and then there is nothing to order', async ({ visitor }) => {
  const browser = await visitor();
  const { customer, product, page } = await atCheckout(browser, 1, 1);
  const other = await newCustomer();
  await other.client.cart.setItem(product.productId, 1);
  const { total } = await other.client.cart.get();
  await other.client.checkout({ expectedTotal: total, shippingAddress: ADDRESS, paymentMethod: 'invoice' }).submit();
  browser.expectsStatus(409);
  await placeButton(page).click();
  await page.getByRole('heading', { name: text.checkout.outOfStock }).waitFor();
  await button(page, text.cart.removeOf(product.name)).click();
  await heading(page, text.checkout.empty).waitFor();
  assert.deepEqual(await ordersOf(customer), []);
});

pageTest('fields that the shop does not take are marked, and the first one has the focus', async ({ visitor }) => {
  const browser = await visitor();
  const { customer, page } = await atCheckout(browser);
  await field(page, text.checkout.city).fill('');
  await field(page, text.checkout.phone).fill('not a number');
  browser.expectsStatus(422);
  await placeButton(page).click();
  await eventually(async () => {
    for (const label of [text.checkout.city, text.checkout.phone]) {
      assert.equal(await field(page, label).getAttribute('aria-invalid'), 'true', label);
    }
  });
  assert.equal(await field(page, text.checkout.line1).getAttribute('aria-invalid'), 'false');
  await eventually(async () => {
    assert.ok(await field(page, text.checkout.city).evaluate((it) => it === document.activeElement));
  });
  assert.equal(await field(page, text.checkout.phone).inputValue(), 'not a number');
  assert.deepEqual(await ordersOf(customer), []);
  await field(page, text.checkout.city).fill(ADDRESS.city);
  await field(page, text.checkout.phone).fill('');
  // What was changed isn't called wrong any more.
  assert.equal(await field(page, text.checkout.city).getAttribute('aria-invalid'), 'false');
  assert.equal(await page.locator('.field-error').count(), 0);
  await placeButton(page).click();
  await heading(page, text.order.thanks).waitFor();
  await hasOneOrder(customer);
});

/** The next so many checkouts meet a fault. */
function checkoutsMeet(network: Network, fault: Fault, times: number): void {
  network.fault = ({ path, method }) => (path === '/api/checkout' && method === 'POST' && times-- > 0 ? fault : undefined);
}

pageTest('an answer that is lost after the order was made: trying again finds the one order', async ({ visitor }) => {
  const browser = await visitor();
  const network = await Network.between(browser.context);
  const { customer, page } = await atCheckout(browser);
  browser.expectsNoAnswer();
  // All that the client sends by itself is lost, too.
  checkoutsMeet(network, 'lost', 3);
  await placeButton(page).click();
  await page.getByRole('heading', { name: text.checkout.unknown }).waitFor();
  await hasOneOrder(customer);
  await keepsAddress(page);
  await button(page, text.checkout.tryNow).click();
  await heading(page, text.order.thanks).waitFor();
  await hasOneOrder(customer);
  await cartLink(page, 0).waitFor();
});

pageTest('an answer that is lost, and a reload: the page asks again, and finds the one order', async ({ visitor }) => {
  const browser = await visitor();
  const network = await Network.between(browser.context);
  const { customer, page } = await atCheckout(browser);
  browser.expectsNoAnswer();
  checkoutsMeet(network, 'lost', 4);
  await placeButton(page).click();
  await page.getByRole('heading', { name: text.checkout.unknown }).waitFor();
  await hasOneOrder(customer);
  await page.reload();
  await heading(page, text.order.thanks).waitFor();
  await hasOneOrder(customer);
});

pageTest('a reload while the order is being placed makes one order', async ({ visitor }) => {
  const browser = await visitor();
  const network = await Network.between(browser.context);
  const { customer, page } = await atCheckout(browser);
  checkoutsMeet(network, { delay: 1500 }, 1);
  await placeButton(page).click();
  await button(page, text.checkout.placing).waitFor();
  await page.reload();
  await heading(page, text.order.thanks).waitFor();
  await hasOneOrder(customer);
});

pageTest('a checkout that reaches nobody goes on by itself once the shop is back', async ({ visitor }) => {
  const browser = await visitor();
  const network = await Network.between(browser.context);
  const { customer, page } = await atCheckout(browser);
  browser.expectsNoAnswer();
  network.fault = () => 'down';
  await placeButton(page).click();
  await page.getByRole('heading', { name: text.checkout.unknown }).waitFor();
  assert.deepEqual(await ordersOf(customer), []);
  await keepsAddress(page);
  network.fault = () => undefined;
  await heading(page, text.order.thanks).waitFor();
  await hasOneOrder(customer);
});

for (const [status, retryAfter] of [[429, 25], [503, 1]] as const) {
  pageTest(`a checkout that is answered ${status} keeps what was typed and can be placed again`, async ({ visitor }) => {
    const browser = await visitor();
    const network = await Network.between(browser.context);
    const { customer, page } = await atCheckout(browser);
    browser.expectsStatus(status);
    checkoutsMeet(network, { status, retryAfter }, status === 429 ? 1 : 3);
    await placeButton(page).click();
    if (status === 429) await page.getByText(text.checkout.tooMany(retryAfter)).waitFor();
    else await page.getByRole('heading', { name: text.checkout.unknown }).waitFor();
    await keepsAddress(page);
    assert.deepEqual(await ordersOf(customer), []);
    await (status === 429 ? placeButton(page) : button(page, text.checkout.tryNow)).click();
    await heading(page, text.order.thanks).waitFor();
    await hasOneOrder(customer);
  });
}

pageTest('an address that is half typed is there again after a look at the cart', async ({ visitor }) => {
  const { page } = await atCheckout(await visitor());
  await link(page, text.checkout.changeCart).click();
  await heading(page, text.cart.title).waitFor();
  await link(page, text.cart.checkout).click();
  await heading(page, text.checkout.title).waitFor();
  await keepsAddress(page);
});
