// A customer buys.
import assert from 'node:assert/strict';
import { storefront as text } from '@buy-from-me/text';
import type { Locator, Page } from 'playwright-core';
import { eventually, pageTest } from './browser.ts';
import { ADDRESS, PASSWORD, account, newCustomer, newEmail, newProduct, ordersOf, signedInCustomer, storefrontUrl } from './shop.ts';
import { button, cartLink, field, fillAddress, heading, link, openAs, placeButton, route, secret } from './storefront.ts';

pageTest('somebody new buys by clicking, from the first page to the order', async ({ visitor }) => {
  const product = await newProduct();
  const page = await (await visitor()).tab(storefrontUrl);
  await link(page, product.name).click();
  await heading(page, product.name).waitFor();
  await button(page, text.product.more).click();
  await button(page, text.product.add).click();

  await heading(page, text.signIn.title).waitFor();
  await page.getByText(text.signIn.toAdd).waitFor();
  await link(page, text.signIn.register).click();
  const email = newEmail();
  await field(page, text.register.name).fill(ADDRESS.name);
  await field(page, text.signIn.email).fill(email);
  await secret(page, text.signIn.password).fill(PASSWORD);
  await button(page, text.register.submit).click();

  // Back at the product, and what was chosen before is in the cart.
  await heading(page, product.name).waitFor();
  await cartLink(page, 2).click();
  await link(page, product.name).waitFor();
  await link(page, text.cart.checkout).click();
  await fillAddress(page);
  await placeButton(page).click();
  await heading(page, text.order.thanks).waitFor();
  await cartLink(page, 0).waitFor();

  const orders = await ordersOf({ client: await signedInCustomer({ email, password: PASSWORD }) });
  assert.equal(orders.length, 1);
  assert.deepEqual(orders[0]?.total, { amount: 2 * 1999, currency: 'EUR' });
  assert.deepEqual(orders[0]?.shippingAddress, ADDRESS);
  await page.getByText(orders[0]?.orderId ?? '').waitFor();
  await link(page, text.order.back).click();
  await heading(page, text.orders.title).waitFor();
  const list = page.getByRole('list', { name: text.orders.list });
  await list.waitFor();
  assert.equal(await list.getByRole('listitem').count(), 1);
});

pageTest('a demo customer signs in by one click', async ({ visitor }) => {
  const page = await (await visitor()).tab(route('sign-in'));
  await button(page, text.signIn.demoAs('Bob')).click();
  await link(page, text.header.account).click();
  await page.getByText(account('customer').email.replace('alice', 'bob')).waitFor();
});

pageTest('a customer buys by keyboard alone', async ({ visitor }) => {
  const [customer, product] = [await newCustomer(), await newProduct()];
  const page = await (await visitor()).tab(storefrontUrl);
  const type = (words: string) => page.keyboard.type(words);
  const press = (key: string) => page.keyboard.press(key);

  await link(page, product.name).waitFor();
  await walkTo(page, link(page, product.name));
  await press('Enter');
  await isFocused(page, heading(page, product.name));
  await walkTo(page, button(page, text.product.add));
  await press('Enter');
  await isFocused(page, heading(page, text.signIn.title));
  await walkTo(page, field(page, text.signIn.email));
  await type(customer.email);
  await walkTo(page, secret(page, text.signIn.password));
  await type(customer.password);
  await press('Enter');
  await isFocused(page, heading(page, product.name));
  await cartLink(page, 1).waitFor();
  await walkTo(page, link(page, text.product.toCart));
  await press('Enter');
  await isFocused(page, heading(page, text.cart.title));
  await walkTo(page, link(page, text.cart.checkout));
  await press('Enter');
  await isFocused(page, heading(page, text.checkout.title));
  await walkTo(page, field(page, text.checkout.line1));
  await type(ADDRESS.line1);
  await walkTo(page, field(page, text.checkout.postalCode));
  await type(ADDRESS.postalCode);
  await walkTo(page, field(page, text.checkout.city));
  await type(ADDRESS.city);
  await walkTo(page, page.getByLabel(text.checkout.country, { exact: true }));
  await type('Germany');
  await walkTo(page, placeButton(page));
  await press('Enter');
  await isFocused(page, heading(page, text.order.thanks));

  const orders = await ordersOf(customer);
  assert.equal(orders.length, 1);
  assert.equal(orders[0]?.shippingAddress.country, 'DE');
});

pageTest('two tabs have one session and one cart', async ({ visitor }) => {
  const [customer, product, other] = [await newCustomer(), await newProduct(), await newProduct()];
  const browser = await visitor();
  const first = await browser.tab();
  await openAs(first, customer, `products/${product.productId}`);
  await button(first, text.product.add).click();
  await cartLink(first, 1).waitFor();

  // The second tab asks nobody to sign in, and knows the cart.
  const second = await browser.tab(route(`products/${other.productId}`));
  await cartLink(second, 1).waitFor();
  await button(second, text.product.add).click();
  await cartLink(second, 2).waitFor();

  await look(first);
  await cartLink(first, 2).click();
  await link(first, product.name).waitFor();
  await link(first, other.name).waitFor();
  await button(first, text.cart.removeOf(product.name)).click();
  await cartLink(first, 1).waitFor();
  await look(second);
  await cartLink(second, 1).waitFor();
  const cart = await customer.client.cart.get();
  assert.deepEqual(cart.items.map((it) => [it.productId, it.quantity]), [[other.productId, 1]]);
});

pageTest('a double click makes one order', async ({ visitor }) => {
  const [customer, product] = [await newCustomer(), await newProduct()];
  await customer.client.cart.setItem(product.productId, 1);
  const page = await (await visitor()).tab();
  let asked = 0;
  page.on('request', (it) => {
    if (it.method() === 'POST' && it.url().endsWith('/api/checkout')) asked += 1;
  });
  await openAs(page, customer, 'checkout');
  await fillAddress(page);
  await placeButton(page).dblclick();
  await heading(page, text.order.thanks).waitFor();
  assert.equal((await ordersOf(customer)).length, 1);
  assert.equal(asked, 1);
});

pageTest('two tabs that place the same cart at once make one order', async ({ visitor }) => {
  const [customer, product] = [await newCustomer(), await newProduct()];
  await customer.client.cart.setItem(product.productId, 1);
  const browser = await visitor();
  browser.expectsStatus(409);
  const first = await browser.tab();
  await openAs(first, customer, 'checkout');
  const second = await browser.tab(route('checkout'));
  await fillAddress(first);
  await fillAddress(second);
  await Promise.all([placeButton(first).click(), placeButton(second).click()]);
  await eventually(async () => {
    const shown = [first, second].map((it) => it.getByRole('heading', { level: 1 }).innerText());
    assert.deepEqual((await Promise.all(shown)).sort(), [text.checkout.empty, text.order.thanks].sort());
  });
  assert.equal((await ordersOf(customer)).length, 1);
});

/** Turns to a tab, as somebody who was in another one. */
async function look(page: Page): Promise<void> {
  await page.bringToFront();
  // Without a window no tab is ever hidden, so that none comes to be seen.
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
}

/** Presses Tab until something has the focus. */
async function walkTo(page: Page, target: Locator): Promise<void> {
  await target.waitFor();
  for (let steps = 0; steps < 120; steps++) {
    if (await target.evaluate((it) => it === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`Tab does not lead to ${target}`);
}

async function isFocused(page: Page, target: Locator): Promise<void> {
  await target.waitFor();
  await eventually(async () => {
    const focused = await page.evaluate(() => document.activeElement?.outerHTML.slice(0, 200));
    assert.ok(await target.evaluate((it) => it === document.activeElement), `the focus is at ${focused}`);
  });
}
