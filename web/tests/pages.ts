// All pages in the states that they have, for what must hold of each of them.
import type { StaffProduct } from '@buy-from-me/client';
import { console as consoleText, storefront as text, ui } from '@buy-from-me/text';
import type { Page } from 'playwright-core';
import { consoleRoute, fillProduct, fillStaffSignIn, openConsoleAs } from './console.ts';
import type { Visitor } from './browser.ts';
import { Network } from './network.ts';
import { ADDRESS, CATEGORY, account, newColleague, newCustomer, newEmail, newName, newOrder, newProduct, ordersOf, staffClient } from './shop.ts';
import { button, field, fillAddress, fillSignIn, heading, link, openAs, placeButton, route } from './storefront.ts';

/** Looks at a page in one of its states. */
export type Look = (state: string, page: Page) => Promise<void>;

const LONG = 'A_name_without_any_place_to_break_it_'.repeat(4);

/** Shows every page of the storefront that needs nobody to be signed in. */
export async function openPages(browser: Visitor, look: Look): Promise<void> {
  const [product, soldOut, long] = [await newProduct(), await newProduct({ stock: 0 }), await newProduct({ name: LONG, description: LONG })];
  const network = await Network.between(browser.context);
  const page = await browser.tab(route(''));
  await link(page, product.name).waitFor();
  await look('products', page);
  await page.goto(route('products?category=nothing-of-the-kind'));
  await page.getByText(text.products.noneInCategory).waitFor();
  await look('products, none', page);
  for (const [state, { productId, name }] of [['product', product], ['product, sold out', soldOut], ['product, long words', long]] as const) {
    await page.goto(route(`products/${productId}`));
    await heading(page, name).waitFor();
    await look(state, page);
  }
  await page.goto(route('no/such/page'));
  await heading(page, ui.notFound.title).waitFor();
  await look('no page', page);
  await page.goto(route('sign-in'));
  await heading(page, text.signIn.title).waitFor();
  await look('sign-in', page);
  browser.expectsStatus(401);
  await fillSignIn(page, { email: newEmail(), password: 'nobody knows this' });
  await page.getByText(text.signIn.wrong).waitFor();
  await look('sign-in, wrong', page);
  await page.goto(route('register'));
  await heading(page, text.register.title).waitFor();
  await look('registration', page);
  browser.expectsStatus(422);
  await button(page, text.register.submit).click();
  await page.locator('[aria-invalid="true"]').first().waitFor();
  await look('registration, with errors', page);
  network.fault = () => 'down';
  browser.expectsNoAnswer();
  await page.goto(route('products?sort=price'));
  await page.getByRole('alert').getByText(/\S/).first().waitFor();
  await look('products, shop down', page);
}

/** Shows every page of the storefront that is a customer's own. */
export async function customersPages(browser: Visitor, look: Look): Promise<void> {
  const [customer, product, scarce] = [await newCustomer(), await newProduct({ name: newName(LONG) }), await newProduct({ stock: 1 })];
  const page = await browser.tab();
  await openAs(page, customer, 'cart');
  await heading(page, text.cart.empty).waitFor();
  await look('cart, empty', page);
  await page.goto(route('orders'));
  await page.getByText(text.orders.none).waitFor();
  await look('orders, none', page);
  await page.goto(route('checkout'));
  await heading(page, text.checkout.empty).waitFor();
  await look('checkout, empty', page);
  await customer.client.cart.setItem(product.productId, 2);
  const gone = await newProduct();
  await customer.client.cart.setItem(gone.productId, 1);
  await (await staffClient('admin')).products.update(gone.productId, { status: 'draft' }, gone.version);
  await customer.client.cart.setItem(scarce.productId, 2);
  await page.goto(route('cart'));
  await page.reload();
  await link(page, product.name).waitFor();
  await look('cart', page);
  await page.goto(route('checkout'));
  await heading(page, text.checkout.title).waitFor();
  await look('checkout', page);
  browser.expectsStatus(422);
  await placeButton(page).click();
  await page.locator('[aria-invalid="true"]').first().waitFor();
  await look('checkout, with errors', page);
  await fillAddress(page);
  browser.expectsStatus(409);
  await placeButton(page).click();
  await page.getByRole('heading', { name: text.checkout.outOfStock }).waitFor();
  await look('checkout, out of stock', page);
  for (const { name } of [scarce, gone]) {
    await button(page, text.cart.removeOf(name)).click();
    await button(page, text.cart.removeOf(name)).waitFor({ state: 'detached' });
  }
  await placeButton(page).click();
  await heading(page, text.order.thanks).waitFor();
  await page.getByText(ADDRESS.line1).waitFor();
  await look('order', page);
  await page.goto(route('orders'));
  await page.getByRole('list', { name: text.orders.list }).waitFor();
  await look('orders', page);
  const [order] = await ordersOf(customer);
  await page.goto(route(`orders/${order?.orderId}`));
  await page.getByText(ADDRESS.line1).waitFor();
  await look('order, later', page);
  await button(page, text.order.cancel).click();
  await page.getByRole('dialog').waitFor();
  await look('order, to be cancelled', page);
  await button(page, text.order.cancelYes).click();
  await page.getByRole('main').getByText(text.order.cancelled).waitFor();
  await look('order, cancelled', page);
  await page.goto(route('account'));
  await heading(page, text.account.title).waitFor();
  await look('account', page);
}

/** Shows every page of the console. */
export async function consolePages(browser: Visitor, look: Look): Promise<void> {
  const [product, colleague] = [await newProduct({ name: newName(LONG) }), await newColleague('staff')];
  const page = await browser.tab(consoleRoute(''));
  await heading(page, consoleText.signIn.title).waitFor();
  await look('console: sign-in', page);
  browser.expectsStatus(401);
  await fillStaffSignIn(page, { email: newEmail(), password: 'nobody knows this' });
  await page.getByText(consoleText.signIn.wrong).waitFor();
  await look('console: sign-in, wrong', page);
  await page.goto(consoleRoute('invitation'));
  await page.getByText(consoleText.invitation.noToken).waitFor();
  await look('console: invitation, no token', page);
  await page.goto(consoleRoute('invitation?token=anything'));
  await button(page, consoleText.invitation.submit).waitFor();
  await look('console: invitation', page);
  await openConsoleAs(page, account('super-admin'));
  await heading(page, consoleText.home.title('Sue Super')).waitFor();
  await look('console: home', page);
  await page.goto(consoleRoute('products'));
  await page.getByRole('table').waitFor();
  await look('console: products', page);
  await page.goto(consoleRoute('products?category=nothing-of-the-kind'));
  await page.getByText(consoleText.products.none).waitFor();
  await look('console: products, none', page);
  await page.goto(consoleRoute('products/new'));
  await heading(page, consoleText.newProduct.title).waitFor();
  await look('console: new product', page);
  await fillProduct(page, { name: 'x', price: 'x', stock: 'x', category: '' });
  await button(page, consoleText.newProduct.submit).click();
  await page.getByText(consoleText.newProduct.errors.price).waitFor();
  await look('console: new product, with errors', page);
  await page.goto(consoleRoute(`products/${product.productId}`));
  await heading(page, product.name).waitFor();
  await look('console: product', page);
  await page.getByLabel(consoleText.upload.choose, { exact: true }).setInputFiles({ name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('a') });
  await page.getByText(consoleText.upload.wrongType).waitFor();
  await look('console: product, wrong picture', page);
  await staleEdit(browser, page, product);
  await look('console: product, stale edit', page);
  await button(page, consoleText.product.delete.open).click();
  await page.getByRole('dialog').waitFor();
  await look('console: deletion of a product', page);
  await page.goto(consoleRoute('categories'));
  await button(page, consoleText.categories.changeOf(CATEGORY.name)).waitFor();
  await look('console: categories', page);
  await button(page, consoleText.categories.changeOf(CATEGORY.name)).click();
  await page.getByRole('dialog').waitFor();
  await look('console: change of a category', page);
  const customer = await newCustomer();
  const order = await newOrder(customer, product);
  await page.goto(consoleRoute('orders'));
  await page.getByRole('table').waitFor();
  await look('console: orders', page);
  const { userId } = customer.client.user ?? { userId: '' };
  const client = await staffClient('super-admin');
  await client.orders.update(userId, order.orderId, { paid: true, note: LONG }, order.version);
  await page.goto(consoleRoute(`orders/${userId}/${order.orderId}`));
  await page.getByText(LONG).last().waitFor();
  await look('console: order', page);
  await page.goto(consoleRoute('customers'));
  await heading(page, consoleText.customers.title).waitFor();
  await look('console: customers', page);
  await field(page, consoleText.customers.email).fill(customer.email);
  await field(page, consoleText.customers.reason).fill('Looks at this page');
  await button(page, consoleText.customers.submit).click();
  await page.getByRole('heading', { name: customer.name }).waitFor();
  await look('console: customer', page);
  await page.goto(consoleRoute('users'));
  await page.getByRole('table').waitFor();
  await look('console: people', page);
  await button(page, consoleText.users.changeOf(colleague.name)).click();
  await page.getByRole('dialog').waitFor();
  await look('console: change of somebody', page);
  const role = page.getByRole('dialog').getByLabel(consoleText.fields.role, { exact: true });
  await client.users.update(colleague.userId, { role: 'admin' }, await versionOf(colleague.userId));
  await role.selectOption('super-admin');
  browser.expectsStatus(409);
  await button(page, consoleText.changeUser.save).click();
  await page.getByText(consoleText.changeUser.conflict.text(colleague.name)).waitFor();
  await look('console: change of somebody, conflict', page);
  await page.goto(consoleRoute('users/invite'));
  await page.reload();
  await fillStaffSignIn(page, account('super-admin')).catch(() => {});
  await heading(page, consoleText.invite.title).waitFor();
  await look('console: invitation of somebody', page);
  await page.getByLabel(consoleText.fields.name, { exact: true }).fill(newName('Ida'));
  await page.getByLabel(consoleText.fields.email, { exact: true }).fill(newEmail());
  await button(page, consoleText.invite.submit).click();
  await page.getByLabel(consoleText.invite.link, { exact: true }).waitFor();
  await look('console: invitation’s link', page);
  await page.goto(consoleRoute('audit'));
  await page.getByRole('table').waitFor();
  await look('console: audit log', page);
  await page.goto(consoleRoute('password'));
  await heading(page, consoleText.password.title).waitFor();
  await look('console: password', page);
  await page.goto(consoleRoute('no/such/page'));
  await heading(page, ui.notFound.title).waitFor();
  await look('console: no page', page);
}

/** Makes an edit of a product that somebody else has changed meanwhile. */
async function staleEdit(browser: Visitor, page: Page, product: StaffProduct): Promise<void> {
  await field(page, consoleText.newProduct.name).fill(newName('Mine'));
  await field(page, consoleText.newProduct.sku).fill(newName('SKU').replaceAll(' ', '-'));
  const client = await staffClient('admin');
  await client.products.update(product.productId, { name: newName('Theirs'), description: LONG }, product.version);
  browser.expectsStatus(409);
  await button(page, consoleText.editProduct.save).click();
  await page.getByText(consoleText.editProduct.conflict.text).waitFor();
}

async function versionOf(userId: string): Promise<number> {
  const client = await staffClient('super-admin');
  for await (const it of client.users.list({ limit: 100 })) if (it.userId === userId) return it.version;
  throw new Error(`no user ${userId}`);
}
