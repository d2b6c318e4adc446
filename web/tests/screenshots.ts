// Writes pictures of the main pages to docs/screenshots: `npm run screenshots`. Run with a shop
// that has just been started, they show the demo's products.
import { mkdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { console as consoleText, storefront as text } from '@buy-from-me/text';
import type { Page } from 'playwright-core';
import { Visitor, closeBrowser } from './browser.ts';
import { consoleRoute, fillProduct, openConsoleAs } from './console.ts';
import { ADDRESS, account, newCustomer, ready } from './shop.ts';
import { button, cartLink, fillAddress, heading, link, openAs, placeButton, route } from './storefront.ts';

const folder = join(dirname(fileURLToPath(import.meta.url)), '../../docs/screenshots');

/** The windows and schemes that pictures are taken in. */
const LOOKS = [
  { name: 'desktop-light', viewport: { width: 1280, height: 800 }, colorScheme: 'light' },
  { name: 'desktop-dark', viewport: { width: 1280, height: 800 }, colorScheme: 'dark' },
  { name: 'phone-light', viewport: { width: 390, height: 780 }, colorScheme: 'light' },
  { name: 'phone-dark', viewport: { width: 390, height: 780 }, colorScheme: 'dark' },
] as const;

/** Takes a picture of what the window shows, once its pictures are there. */
type Take = (name: string, page: Page) => Promise<void>;

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
  await page.goto(consoleRoute('users'));
  await page.getByRole('table').waitFor();
  await take('console-people', page);
  await page.goto(consoleRoute('audit'));
  await page.getByRole('table').waitFor();
  await take('console-audit', page);
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
  const take: Take = async (name, page) => {
    // What was told for a moment is no part of the page.
    await page.getByRole('status').filter({ hasText: /\S/ }).waitFor({ state: 'detached', timeout: 10_000 }).catch(() => {});
    await page.mouse.move(0, 0);
    await page.evaluate(async () => {
      (document.activeElement as HTMLElement | null)?.blur();
      scrollTo(0, 0);
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
