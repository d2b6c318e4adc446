// Writes pictures of the main pages to docs/screenshots: `npm run screenshots`. Run with a shop
// that has just been started, they show the demo's products.
import { mkdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { console as consoleText, storefront as text } from '@buy-from-me/text';
import type { StaffProduct } from '@buy-from-me/client';
import type { Locator, Page } from 'playwright-core';
import { Visitor, closeBrowser } from './browser.ts';
import { consoleRoute, fillProduct, openConsoleAs } from './console.ts';
import { ADDRESS, PICTURE_PATIENCE, account, newCustomer, ready, staffClient } from './shop.ts';
import { button, cartLink, field, fillAddress, heading, link, openAs, placeButton, route } from './storefront.ts';

const folder = join(dirname(fileURLToPath(import.meta.url)), '../../docs/screenshots');

/** The windows and schemes that pictures are taken in. */
const LOOKS = [
  { name: 'desktop-light', viewport: { width: 1280, height: 800 }, colorScheme: 'light' },
  { name: 'desktop-dark', viewport: { width: 1280, height: 800 }, colorScheme: 'dark' },
  { name: 'phone-light', viewport: { width: 360, height: 780 }, colorScheme: 'light' },
  { name: 'phone-dark', viewport: { width: 360, height: 780 }, colorScheme: 'dark' },
] as const;

/** Takes a picture of what the window shows, once its pictures are there: the page's top, or a part of it. */
type Take = (name: string, page: Page, part?: Locator) => Promise<void>;

/** Returns the heading of a part of a page. */
const section = (page: Page, name: string) => page.getByRole('heading', { level: 2, name, exact: true });

async function storefrontPages(browser: Visitor, take: Take): Promise<void> {
  const customer = await newCustomer(ADDRESS.name);
  const page = await browser.tab(route(''));
  const cards = page.getByRole('list', { name: text.products.list }).getByRole('link');
  await cards.first().waitFor();
  // The categories are learnt a moment later.
  await page.getByRole('navigation').getByRole('link').nth(2).waitFor();
  await take('products', page);
  const [first = '', second = ''] = await cards.allInnerTexts();
  await openAs(page, customer);
  for (const [at, name] of [first, second].entries()) {
    await link(page, name).click();
    await heading(page, name).waitFor();
    if (at === 0) await take('product', page);
    await button(page, text.product.add).click();
    await cartLink(page, at + 1).waitFor();
    await page.goto(route(''));
  }
  await page.goto(route('checkout'));
  await fillAddress(page);
  await take('checkout', page);
  await placeButton(page).click();
  await heading(page, text.order.thanks).waitFor();
  await take('order', page);
  await page.goto(route('orders'));
  await page.getByRole('list', { name: text.orders.list }).waitFor();
  await take('orders', page);
}

async function consolePages(browser: Visitor, take: Take): Promise<void> {
  const page = await browser.tab();
  await openConsoleAs(page, account('super-admin'), 'products');
  await page.getByRole('table').waitFor();
  await take('console-products', page);
  await page.goto(consoleRoute('products/new'));
  await heading(page, consoleText.newProduct.title).waitFor();
  await fillProduct(page, { name: 'Harbour Lantern', description: 'Burns a night long.', price: '42.00', stock: '12', category: 'lamps', sku: 'HL-1' });
  await take('console-new-product', page);
  await productPages(browser, page, take);
  await page.goto(consoleRoute('categories'));
  await page.getByRole('list', { name: consoleText.categories.list }).waitFor();
  await take('console-categories', page);
  await page.goto(consoleRoute('orders'));
  await page.getByRole('table').waitFor();
  await take('console-orders', page);
  await page.getByRole('table').getByRole('link').first().click();
  await section(page, consoleText.order.next).waitFor();
  await take('console-order', page);
  await page.goto(consoleRoute('customers'));
  const customer = account('customer');
  await field(page, consoleText.customers.email).fill(customer.email);
  await field(page, consoleText.customers.reason).fill('Asks where the parcel is');
  await button(page, consoleText.customers.submit).click();
  await page.getByRole('table').waitFor();
  await take('console-customers', page);
  await page.goto(consoleRoute('users'));
  await page.getByRole('table').waitFor();
  await take('console-people', page);
  await page.goto(consoleRoute('audit'));
  await page.getByRole('table').waitFor();
  await take('console-audit', page);
}

/** Shows a product that is a draft for as long as this takes, so that no other page has it. */
async function productPages(browser: Visitor, page: Page, take: Take): Promise<void> {
  const client = await staffClient('super-admin');
  const { value: product } = await client.products.create({
    name: 'Harbour Lantern',
    description: 'Burns a night long.',
    price: { amount: 4200, currency: 'EUR' },
    category: 'lamps',
    status: 'draft',
    stock: 3,
  });
  await page.goto(consoleRoute(`products/${product.productId}`));
  await heading(page, product.name).waitFor();
  await take('console-product', page);
  const files = [
    { name: 'lantern.jpg', mimeType: 'image/jpeg', buffer: await anyPicture() },
    { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('Burns a night long.') },
  ];
  await page.getByLabel(consoleText.upload.choose, { exact: true }).setInputFiles(files);
  await button(page, consoleText.upload.submit).click();
  await page.getByRole('img', { name: consoleText.product.pictureOf(product.name, 1) }).waitFor({ timeout: PICTURE_PATIENCE });
  await take('console-stock-and-pictures', page, section(page, consoleText.stock.title));
  await staleEdit(browser, page, product);
  await take('console-stale-edit', page, section(page, consoleText.editProduct.title));
  await client.products.delete(product.productId);
}

/** Makes an edit that somebody else was faster than. */
async function staleEdit(browser: Visitor, page: Page, { productId, version }: StaffProduct): Promise<void> {
  await field(page, consoleText.newProduct.name).fill('Harbour Lantern, brass');
  const client = await staffClient('super-admin');
  await client.products.update(productId, { price: { amount: 4500, currency: 'EUR' }, name: 'Harbour Lantern with glass' }, version);
  browser.expectsStatus(409);
  await button(page, consoleText.editProduct.save).click();
  await page.getByText(consoleText.editProduct.conflict.text).waitFor();
}

/** Returns a picture of the demo. */
async function anyPicture(): Promise<Buffer> {
  const client = await staffClient('super-admin');
  const { items } = await client.products.list({ category: 'lamps', status: 'published' }).page();
  const url = items.find((it) => it.imageUrl)?.imageUrl;
  if (!url) throw new Error('The shop has no picture of a lamp.');
  return Buffer.from(await (await fetch(url)).arrayBuffer());
}

async function referencePages(browser: Visitor, take: Take): Promise<void> {
  const page = await browser.tab(ready.docs);
  await page.locator('.opblock').first().waitFor();
  await take('reference', page);
}

await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
let total = 0;
for (const { name: look, ...options } of LOOKS) {
  const take: Take = async (name, page, part) => {
    // What was told for a moment is no part of the page.
    await page.getByRole('status').filter({ hasText: /\S/ }).waitFor({ state: 'detached', timeout: 10_000 }).catch(() => {});
    await page.mouse.move(0, 0);
    await page.evaluate(() => {
      (document.activeElement as HTMLElement | null)?.blur();
      scrollTo(0, 0);
    });
    await part?.evaluate((it) => scrollTo(0, it.getBoundingClientRect().top - 24));
    await page.evaluate(async () => {
      await Promise.all([...document.images].filter((it) => it.loading !== 'lazy' || it.getBoundingClientRect().top < innerHeight).map((it) => it.decode().catch(() => {})));
    });
    const path = join(folder, `${name}-${look}.jpg`);
    await page.screenshot({ path, type: 'jpeg', quality: 72, animations: 'disabled', caret: 'hide' });
    total += (await stat(path)).size;
  };
  for (const pages of [storefrontPages, consolePages, ...(look === 'desktop-light' ? [referencePages] : [])]) {
    const browser = await Visitor.arrive(options);
    await pages(browser, take);
    await browser.leave();
  }
}
await closeBrowser();
process.stdout.write(`${folder}: ${Math.round(total / 1024)} KiB\n`);
