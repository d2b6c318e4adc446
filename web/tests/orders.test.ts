// Orders after they are placed: the customer sees and cancels them, the staff move them along.
import assert from 'node:assert/strict';
import { console as text, storefront, ui } from '@buy-from-me/text';
import type { Page } from 'playwright-core';
import { formatMoney } from '../ui/src/format.ts';
import { eventually, pageTest } from './browser.ts';
import { choice, consoleRoute, openConsoleAs } from './console.ts';
import { Network } from './network.ts';
import { type Customer, account, newCustomer, newName, newOrder, newProduct, staffClient, stockOf } from './shop.ts';
import { button, field, heading, link, openAs, route } from './storefront.ts';

const euros = (amount: number) => formatMoney({ amount, currency: 'EUR' });

/** An order of somebody new. */
async function ordered(quantity = 2) {
  const [customer, product] = [await newCustomer(newName('Orla Order')), await newProduct()];
  const order = await newOrder(customer, product, quantity);
  return { customer, product, order, userId: idOf(customer), path: `orders/${idOf(customer)}/${order.orderId}` };
}

function idOf({ client }: Pick<Customer, 'client'>): string {
  assert.ok(client.user);
  return client.user.userId;
}

/** Waits until the order's page tells of a status. */
async function tells(page: Page, status: keyof typeof text.order.statuses): Promise<void> {
  await page.locator('.page-head').getByText(text.order.statuses[status], { exact: true }).waitFor();
}

pageTest('a customer cancels an order, and its pieces are in stock again', async ({ visitor }) => {
  const { customer, product } = await ordered();
  assert.equal(await stockOf(product.productId), 18);
  const page = await (await visitor()).tab();
  await openAs(page, customer, 'orders');
  await page.getByRole('list', { name: storefront.orders.list }).getByRole('link').click();
  await button(page, storefront.order.cancel).click();
  await button(page, storefront.order.cancelNo).click();
  await button(page, storefront.order.cancel).click();
  await page.getByText(storefront.order.cancelText(euros(2 * 1999))).waitFor();
  await button(page, storefront.order.cancelYes).click();
  await page.getByRole('main').getByText(storefront.order.cancelled).waitFor();
  await page.locator('.page-head').getByText(storefront.status.cancelled).waitFor();
  assert.equal(await button(page, storefront.order.cancel).count(), 0);
  assert.equal(await stockOf(product.productId), 20);
  // The list that the back button leads to was kept, and must not show what was.
  await page.goBack();
  await page.getByRole('list', { name: storefront.orders.list }).getByText(storefront.status.cancelled).waitFor();
});

pageTest('an order that was shipped meanwhile is not cancelled, and shows what it is', async ({ visitor }) => {
  const { customer, order, userId } = await ordered();
  const browser = await visitor();
  const page = await browser.tab();
  await openAs(page, customer, `orders/${order.orderId}`);
  await button(page, storefront.order.cancel).click();
  const staff = await staffClient('staff');
  const packed = await staff.orders.update(userId, order.orderId, { status: 'processing' }, order.version);
  await staff.orders.update(userId, order.orderId, { status: 'shipped' }, packed.version);
  browser.expectsStatus(409);
  await button(page, storefront.order.cancelYes).click();
  await page.getByRole('main').getByText(storefront.order.tooLate(storefront.status.shipped)).waitFor();
  await page.locator('.page-head').getByText(storefront.status.shipped).waitFor();
  assert.equal(await button(page, storefront.order.cancel).count(), 0);
});

pageTest('an order whose cancelling got no answer shows that it is cancelled', async ({ visitor }) => {
  const { customer, product, order } = await ordered();
  const browser = await visitor();
  const network = await Network.between(browser.context);
  const page = await browser.tab();
  await openAs(page, customer, `orders/${order.orderId}`);
  network.fault = ({ path }) => (path.endsWith('/cancel') ? 'lost' : undefined);
  browser.expectsNoAnswer();
  await button(page, storefront.order.cancel).click();
  await button(page, storefront.order.cancelYes).click();
  await page.getByRole('main').getByText(storefront.order.cancelled).waitFor();
  assert.equal(await stockOf(product.productId), 20);
});

pageTest('the staff move an order along step by step, and the customer sees that', async ({ visitor }) => {
  const { customer, order, path } = await ordered();
  const browser = await visitor();
  const page = await browser.tab();
  await openConsoleAs(page, account('staff'), 'orders?status=placed');
  await page.locator(`a[title="${order.orderId}"]`).click();
  await tells(page, 'placed');
  assert.match(page.url(), new RegExp(`${path}$`));
  for (const name of [text.order.paid, text.order.refund]) assert.equal(await button(page, name).count(), 0, name);
  for (const status of ['processing', 'shipped', 'delivered'] as const) {
    await button(page, text.order.steps[status]).click();
    await tells(page, status);
  }
  await page.getByText(text.order.nothingNext).waitFor();
  const shop = await browser.tab();
  await openAs(shop, customer, `orders/${order.orderId}`);
  await shop.locator('.page-head').getByText(storefront.status.delivered).waitFor();
  await choice(page, text.orders.status).waitFor({ state: 'detached' });
  await page.goto(consoleRoute('orders?status=delivered'));
  await page.locator(`a[title="${order.orderId}"]`).waitFor();
});

pageTest('an admin marks an invoice as paid, and refunds it', async ({ visitor }) => {
  const { product, order, path } = await ordered();
  const page = await (await visitor()).tab();
  await openConsoleAs(page, account('admin'), path);
  await button(page, text.order.paid).click();
  await page.getByRole('dialog', { name: text.order.paidAsk(euros(order.total.amount)) }).waitFor();
  await button(page, text.order.paidYes).click();
  await page.getByText(new RegExp(`, ${ui.order.paymentStatuses.paid}$`)).waitFor();
  assert.equal(await button(page, text.order.paid).count(), 0);
  await button(page, text.order.refund).click();
  await button(page, text.order.refundYes).click();
  await tells(page, 'refunded');
  assert.equal(await stockOf(product.productId), 20, 'what was not shipped is in stock again');
});

pageTest('somebody who moves an order that others have moved sees what it is by now', async ({ visitor }) => {
  const { order, userId, path } = await ordered();
  const browser = await visitor();
  const page = await browser.tab();
  await openConsoleAs(page, account('staff'), path);
  await tells(page, 'placed');
  const other = await staffClient('admin');
  await other.orders.update(userId, order.orderId, { status: 'cancelled' }, order.version);
  browser.expectsStatus(409);
  await button(page, text.order.steps.processing).click();
  await tells(page, 'cancelled');
  await page.getByRole('alert').getByText(text.order.statuses.cancelled).waitFor();
  assert.equal(await button(page, text.order.steps.processing).count(), 0);
});

pageTest('a step whose answer is lost is done once', async ({ visitor }) => {
  const { path } = await ordered();
  const browser = await visitor();
  const network = await Network.between(browser.context);
  const page = await browser.tab();
  await openConsoleAs(page, account('staff'), path);
  network.fault = ({ method }) => (method === 'PATCH' ? 'lost' : undefined);
  browser.expectsNoAnswer();
  await button(page, text.order.steps.processing).click();
  await tells(page, 'processing');
  assert.equal(await page.getByRole('alert').count(), 0);
});

pageTest('notes are for the staff alone, and none is lost to what others do meanwhile', async ({ visitor }) => {
  const { customer, order, userId, path } = await ordered();
  const browser = await visitor();
  const page = await browser.tab();
  await openConsoleAs(page, account('staff'), path);
  const [mine, theirs] = [newName('Called about the door'), newName('Wrote a letter')];
  await field(page, text.order.note).fill(mine);
  const other = await staffClient('admin');
  await other.orders.update(userId, order.orderId, { note: theirs }, order.version);
  browser.expectsStatus(409);
  await button(page, text.order.noteSubmit).click();
  for (const note of [mine, theirs]) await page.getByText(note, { exact: true }).waitFor();
  assert.equal(await field(page, text.order.note).inputValue(), '');
  await button(page, text.order.noteSubmit).click();
  await page.getByText(text.order.noteError).waitFor();

  const shop = await browser.tab();
  await openAs(shop, customer, `orders/${order.orderId}`);
  await heading(shop, storefront.order.title('')).or(shop.getByRole('heading', { level: 1 })).first().waitFor();
  await shop.getByText(order.orderId).waitFor();
  const everything = await shop.evaluate(() => document.documentElement.outerHTML);
  for (const note of [mine, theirs]) assert.ok(!everything.includes(note));
  assert.ok(!JSON.stringify(await customer.client.orders.get(order.orderId)).includes(mine));
});

pageTest('a customer is found for a reason, by address or order, and nothing of them stands in the address', async ({ visitor }) => {
  const { customer, order, path } = await ordered();
  const browser = await visitor();
  const page = await browser.tab();
  await openConsoleAs(page, account('staff'), 'customers');
  await button(page, text.customers.submit).click();
  await field(page, text.customers.email).fill(customer.email);
  await button(page, text.customers.submit).click();
  await page.getByText('Please fill this in.').waitFor();
  const reason = newName('Asks where the parcel is');
  await field(page, text.customers.reason).fill(reason);
  await button(page, text.customers.submit).click();
  await page.getByRole('heading', { name: customer.name }).waitFor();
  assert.ok(!page.url().includes(customer.email) && !page.url().includes('@'));
  await page.locator(`a[title="${order.orderId}"]`).click();
  await tells(page, 'placed');
  assert.match(page.url(), new RegExp(`${path}$`));
  // The way back needs no second search.
  await page.goBack();
  await page.getByRole('heading', { name: customer.name }).waitFor();
  await button(page, text.customers.clear).click();
  await page.getByRole('heading', { name: customer.name }).waitFor({ state: 'detached' });

  await page.goto(consoleRoute(path));
  await tells(page, 'placed');
  await link(page, text.order.lookUp).click();
  assert.equal(await field(page, text.customers.orderId).inputValue(), order.orderId);
  await field(page, text.customers.reason).fill('Asks for an invoice');
  await button(page, text.customers.submit).click();
  await page.getByRole('heading', { name: customer.name }).waitFor();

  // Who reads the audit log is told why.
  const reader = await (await visitor()).tab();
  await openConsoleAs(reader, account('super-admin'), `audit?target=${idOf(customer)}`);
  const record = reader.getByRole('row').filter({ hasText: text.audit.reason(reason) });
  await record.getByRole('cell', { name: text.audit.actions['customer-searched'], exact: true }).waitFor();
});

pageTest('a search that finds nobody says so, and shows nobody found before', async ({ visitor }) => {
  const customer = await newCustomer(newName('Found Before'));
  const browser = await visitor();
  const page = await browser.tab();
  await openConsoleAs(page, account('staff'), 'customers');
  await field(page, text.customers.reason).fill('Wrote to us');
  await field(page, text.customers.email).fill(customer.email);
  await button(page, text.customers.submit).click();
  await page.getByRole('heading', { name: customer.name }).waitFor();
  browser.expectsStatus(404);
  await field(page, text.customers.email).fill('nobody@example.com');
  await button(page, text.customers.submit).click();
  await page.getByText(text.customers.none).waitFor();
  assert.equal(await page.getByRole('heading', { name: customer.name }).count(), 0);
});

pageTest('a cart says plainly what can’t be bought, counts the rest, and lets one mend it', async ({ visitor }) => {
  const [customer, fine, scarce, gone] = [await newCustomer(), await newProduct(), await newProduct({ stock: 3 }), await newProduct()];
  for (const { productId } of [fine, scarce, gone]) await customer.client.cart.setItem(productId, 3);
  await (await staffClient('admin')).products.setStock(scarce.productId, { available: 2 });
  await (await staffClient('super-admin')).products.delete(gone.productId);
  const page = await (await visitor()).tab();
  await openAs(page, customer, 'cart');
  await page.getByText(storefront.cart.notCounted).waitFor();
  await page.getByText(storefront.cart.tooMany(3)).waitFor();
  await page.getByText(storefront.cart.noLonger).waitFor();
  const total = page.locator('.total strong');
  assert.equal(await total.innerText(), euros(3 * 1999));
  await page.getByText(storefront.cart.subtotal(3), { exact: true }).waitFor();
  await button(page, storefront.cart.fewerOf(scarce.name)).click();
  await page.getByText(storefront.cart.tooMany(3)).waitFor({ state: 'detached' });
  await eventually(async () => assert.equal(await total.innerText(), euros(5 * 1999)));
  await button(page, storefront.cart.removeOf(gone.name)).click();
  await page.getByText(storefront.cart.notCounted).waitFor({ state: 'detached' });
  await link(page, storefront.cart.checkout).waitFor();
});

pageTest('a cart in which nothing can be bought leads to no checkout', async ({ visitor }) => {
  const [customer, gone] = [await newCustomer(), await newProduct()];
  await customer.client.cart.setItem(gone.productId, 1);
  await (await staffClient('super-admin')).products.delete(gone.productId);
  const page = await (await visitor()).tab();
  await openAs(page, customer, 'cart');
  await page.getByText(storefront.cart.nothingToBuy).waitFor();
  assert.equal(await link(page, storefront.cart.checkout).count(), 0);
  await page.goto(route('checkout'));
  await page.getByText(storefront.checkout.nothing).waitFor();
});
