// What the pages must withstand: other origins, and data that is made to be run.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, extname, join, normalize } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { console as consoleText, storefront as text, ui } from '@buy-from-me/text';
import type { Page } from 'playwright-core';
import { pageTest } from './browser.ts';
import { consoleRoute, fillStaffSignIn, openConsoleAs } from './console.ts';
import { ADDRESS, account, newCustomer, newProduct, ready, staffClient, storefrontUrl } from './shop.ts';
import { makeCategory } from '../client/tests/shop.ts';
import { button, field, fillSignIn, heading, link, openAs, route } from './storefront.ts';

const dist = join(dirname(dirname(fileURLToPath(import.meta.url))), 'dist');
const TYPES: Record<string, string> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };

/** Serves the same pages from another origin, which the shop does not allow. Returns that origin. */
async function otherOrigin(t: TestContext): Promise<string> {
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://any');
    if (pathname === '/config.json') {
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ api: ready.api, demo: ready.accounts }));
      return;
    }
    const file = join(dist, normalize(pathname.endsWith('/') ? `${pathname}index.html` : pathname));
    readFile(file).then(
      (bytes) => response.setHeader('content-type', TYPES[extname(file)] ?? 'application/octet-stream').end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => server.closeAllConnections());
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Listens to the console: what stands there must say what the page says. */
function heard(page: Page): string[] {
  const texts: string[] = [];
  page.on('console', (message) => texts.push(message.text()));
  return texts;
}

pageTest('the pages of another origin are told why they see nothing: storefront', async ({ visitor, t }) => {
  const product = await newProduct();
  const origin = await otherOrigin(t);
  const browser = await visitor();
  browser.expectsError(/CORS/);
  browser.expectsNoAnswer();
  const page = await browser.tab();
  const console = heard(page);
  await page.goto(`${origin}/`);
  const words = ui.problems.downOrCors(ready.api, origin);
  await page.getByRole('alert').getByText(words).waitFor();
  assert.ok(console.includes(words), 'the console says it, too');
  assert.equal(await page.getByText(product.name).count(), 0);
  assert.equal(await page.locator('main img').count(), 0);

  const customer = await newCustomer();
  await page.goto(`${origin}/#/sign-in`);
  await fillSignIn(page, customer);
  await page.getByRole('alert').getByText(words).waitFor();
  await link(page, text.header.signIn).waitFor();
});

pageTest('the pages of another origin are told why they see nothing: console', async ({ visitor, t }) => {
  const origin = await otherOrigin(t);
  const browser = await visitor();
  browser.expectsError(/CORS/);
  browser.expectsNoAnswer();
  const page = await browser.tab();
  const console = heard(page);
  await page.goto(`${origin}/console/`);
  await fillStaffSignIn(page, account('super-admin'));
  const words = ui.problems.downOrCors(ready.api, origin);
  await page.getByRole('alert').getByText(words).waitFor();
  assert.ok(console.includes(words), 'the console says it, too');
  await heading(page, consoleText.signIn.title).waitFor();
});

/** Names that a page would run if it took text for HTML. */
const NAMES = [
  `<img src=x onerror="window.attacked='img'">`,
  `<script>window.attacked='script'</script>`,
  `"><svg/onload="window.attacked='svg'">{{7*7}}`,
];

/** Fails if a page has run something that came with data, or made elements of it. */
async function ranNothing(page: Page): Promise<void> {
  assert.equal(await page.evaluate(() => (globalThis as { attacked?: string }).attacked), undefined);
  assert.equal(await page.locator('[onerror], [onload], main script, img[src="x"]').count(), 0);
}

pageTest('a script as name, description or address of something is text everywhere', async ({ visitor }) => {
  const customer = await newCustomer(NAMES[0]);
  const tag = crypto.randomUUID().slice(0, 8);
  const products = [];
  const admin = await staffClient('admin');
  const category = await makeCategory(admin, `attack-${tag}`, NAMES[0]);
  for (const name of NAMES) products.push(await newProduct({ name: `${name} ${tag}`, description: NAMES.join(' '), category }));
  for (const { productId } of products) await customer.client.cart.setItem(productId, 1);
  const browser = await visitor();
  const page = await browser.tab(storefrontUrl);
  for (const { name } of products) await link(page, name).waitFor();
  await ranNothing(page);
  for (const { productId, name } of products) {
    await page.goto(route(`products/${productId}`));
    await heading(page, name).waitFor();
    await ranNothing(page);
    assert.ok((await page.title()).includes(name));
  }
  await openAs(page, customer, 'cart');
  for (const { name } of products) await link(page, name).waitFor();
  await ranNothing(page);
  await page.goto(route('checkout'));
  await page.getByText(text.checkout.line(1, products[0]?.name ?? '')).waitFor();
  await ranNothing(page);

  const { total } = await customer.client.cart.get();
  const shippingAddress = { ...ADDRESS, name: NAMES[1] ?? '', line1: NAMES[2] ?? '', city: NAMES[0] ?? '' };
  const { order } = await customer.client.checkout({ expectedTotal: total, shippingAddress, paymentMethod: 'invoice' }).submit();
  await page.goto(route(`products?category=${category}`));
  await heading(page, NAMES[0] ?? '').waitFor();
  await ranNothing(page);
  await page.goto(route('orders'));
  await page.getByText(products[0]?.name ?? '').waitFor();
  await ranNothing(page);
  await page.goto(route(`orders/${order.orderId}`));
  for (const { name } of products) await link(page, name).waitFor();
  await page.getByText(NAMES[1] ?? '', { exact: true }).waitFor();
  await ranNothing(page);
  await page.goto(route('account'));
  await page.getByRole('definition').getByText(NAMES[0] ?? '', { exact: true }).waitFor();
  await ranNothing(page);

  const staff = await (await visitor()).tab();
  await openConsoleAs(staff, account('super-admin'), 'products');
  for (const { name } of products) await link(staff, name).waitFor();
  await ranNothing(staff);
  for (const { productId, name } of products) {
    await staff.goto(consoleRoute(`products/${productId}`));
    await heading(staff, name).waitFor();
    await ranNothing(staff);
  }
  await staff.goto(consoleRoute('categories'));
  await link(staff, NAMES[0] ?? '').first().waitFor();
  await ranNothing(staff);
  const { userId } = customer.client.user ?? { userId: '' };
  await admin.orders.update(userId, order.orderId, { note: NAMES.join(' ') }, order.version);
  await staff.goto(consoleRoute(`orders/${userId}/${order.orderId}`));
  for (const words of [NAMES.join(' '), NAMES[1] ?? '', NAMES[2] ?? '']) await staff.getByText(words, { exact: true }).waitFor();
  await ranNothing(staff);
  await link(staff, consoleText.order.lookUp).click();
  await field(staff, consoleText.customers.reason).fill(NAMES[1] ?? '');
  await button(staff, consoleText.customers.submit).click();
  await staff.getByRole('heading', { name: NAMES[0] ?? '' }).waitFor();
  await ranNothing(staff);
  await staff.goto(consoleRoute('users?role=customer'));
  await staff.getByText(NAMES[0] ?? '', { exact: true }).first().waitFor();
  await ranNothing(staff);
  await staff.goto(consoleRoute(`audit?target=${products[1]?.productId}`));
  await staff.getByRole('table').waitFor();
  await ranNothing(staff);
});

pageTest('what stands in the address is text, and leads nowhere else', async ({ visitor }) => {
  const customer = await newCustomer();
  const browser = await visitor();
  browser.expectsStatus(400);
  const page = await browser.tab();
  // The shop refuses a category of this name; the next page would interrupt it.
  const refused = page.waitForResponse((answer) => answer.status() === 400);
  for (const path of [`products?category=${encodeURIComponent(NAMES[0] ?? '')}`, encodeURIComponent(NAMES[1] ?? ''), '%E0%A4%A']) {
    await page.goto(route(path)).catch(() => {});
    await refused;
    await page.getByRole('heading', { level: 1 }).waitFor();
    await ranNothing(page);
  }
  // Signing in leads to a page of this shop, whatever the address says.
  for (const next of ['https://example.com/', '//example.com/', 'javascript:window.attacked="next"']) {
    const other = await (await visitor()).tab(route(`sign-in?${new URLSearchParams({ next })}`));
    await fillSignIn(other, customer);
    await link(other, text.header.account).waitFor();
    assert.equal(new URL(other.url()).origin, new URL(storefrontUrl).origin);
    await ranNothing(other);
  }
});

pageTest('the pages run nothing that is not theirs: the policy refuses inline code and eval', async ({ visitor }) => {
  const browser = await visitor();
  for (const address of [storefrontUrl, ready.console]) {
    const page = await browser.context.newPage();
    const answer = await page.goto(address);
    const policy = answer?.headers()['content-security-policy'] ?? '';
    assert.match(policy, /default-src 'none'/);
    assert.doesNotMatch(policy, /unsafe|\*/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.match(policy, /script-src 'self';/);
  }
});
