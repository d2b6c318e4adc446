// Pictures: from a file to what customers see.
import assert from 'node:assert/strict';
import { console as text, storefront } from '@buy-from-me/text';
import type { Locator, Page } from 'playwright-core';
import { eventually, pageTest } from './browser.ts';
import { openConsoleAs } from './console.ts';
import { picture, showsFittingSize } from './picture.ts';
import { PICTURE_PATIENCE, account, newProduct, pictured, staffClient } from './shop.ts';
import { button, heading, link, route } from './storefront.ts';

const png = (name: string, buffer: Buffer) => ({ name, mimeType: 'image/png', buffer });

function queued(page: Page, name: string): Locator {
  return page.getByRole('list', { name: text.upload.list }).getByRole('listitem').filter({ hasText: name });
}

/** Notes every value of a progress bar from now on. */
async function seePercents(page: Page): Promise<() => Promise<number[]>> {
  await page.evaluate(() => {
    const seen: number[] = [];
    Object.assign(globalThis, { seenPercents: seen });
    new MutationObserver(() => {
      const bar = document.querySelector('progress');
      if (bar && bar.value !== seen.at(-1)) seen.push(bar.value);
    }).observe(document.body, { subtree: true, childList: true, attributes: true });
  });
  return () => page.evaluate(() => (globalThis as unknown as { seenPercents: number[] }).seenPercents);
}

pageTest('pictures are sent, judged and shown, each by itself, and customers see the good ones', async ({ visitor }) => {
  const product = await newProduct();
  const browser = await visitor();
  const page = await browser.tab();
  await openConsoleAs(page, account('admin'), `products/${product.productId}`);
  const percents = await seePercents(page);
  // A second's worth of sending, at this speed.
  const network = await browser.context.newCDPSession(page);
  await network.send('Network.enable');
  await network.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 400_000 });
  const good = picture(200_000);
  await page.getByLabel(text.upload.choose, { exact: true }).setInputFiles([
    png('good.png', good),
    png('broken.png', picture(50_000).subarray(0, 30_000)),
    png('other.png', picture(1000)),
  ]);
  await queued(page, 'good.png').getByText(text.upload.waiting).waitFor();
  await button(page, text.upload.submit).click();
  await queued(page, 'good.png').getByText(text.upload.judging).waitFor();
  for (const name of ['good.png', 'other.png']) await queued(page, name).getByText(text.upload.ready, { exact: true }).waitFor({ timeout: PICTURE_PATIENCE });
  const [before = ''] = text.upload.rejected('\n').split('\n');
  await queued(page, 'broken.png').getByText(before).waitFor({ timeout: PICTURE_PATIENCE });
  const seen = await percents();
  assert.ok(seen.some((it) => it > 0 && it < 100), `there was progress to see: ${seen}`);
  // Once they are on the product, they stand among its pictures.
  const shown = page.getByRole('img', { name: /^Picture \d/ });
  await eventually(async () => assert.equal(await shown.count(), 2), PICTURE_PATIENCE);

  await pictured(product.productId, 2);
  const shop = await browser.tab(route(`products/${product.productId}`));
  await heading(shop, product.name).waitFor();
  const image = shop.locator('main .product-pictures .picture img').first();
  await eventually(async () => assert.ok(await image.evaluate((it: HTMLImageElement) => it.complete && it.naturalWidth > 0)));
  const first = await image.evaluate((it: HTMLImageElement) => it.currentSrc);
  await button(shop, storefront.product.picture(2, 2)).click();
  await eventually(async () => assert.notEqual(await image.evaluate((it: HTMLImageElement) => it.currentSrc), first));
});

pageTest('a picture is as large as its place needs, and keeps its place before it is there', async ({ visitor }) => {
  const product = await newProduct();
  const browser = await visitor();
  const page = await browser.tab();
  await openConsoleAs(page, account('admin'), `products/${product.productId}`);
  await page.getByLabel(text.upload.choose, { exact: true }).setInputFiles(png('large.png', picture(1_000_000)));
  await button(page, text.upload.submit).click();
  await queued(page, 'large.png').getByText(text.upload.ready, { exact: true }).waitFor({ timeout: PICTURE_PATIENCE });
  await pictured(product.productId, 1);
  const shop = await browser.tab(route(''));
  const card = shop.locator('.product-card').filter({ has: link(shop, product.name) });
  const image = card.locator('img');
  const [srcset, sizes, width] = await Promise.all(['srcset', 'sizes', 'width'].map((it) => image.getAttribute(it)));
  const widths = [...(srcset ?? '').matchAll(/ (\d+)w/g)].map(([, it]) => Number(it));
  assert.ok(widths.length >= 2, `there are several sizes: ${srcset}`);
  assert.ok(sizes && Number(width) > 0, 'the browser knows its size before it is there');
  await showsFittingSize(image);
});

pageTest('a picture that can not be seen yet is shown once it can', async ({ visitor }) => {
  const product = await newProduct();
  const browser = await visitor();
  let refused = 0;
  let canBeSeen = false;
  await browser.context.route('**/ecommerce-products/**', (route) => {
    if (canBeSeen) return route.continue();
    refused += 1;
    return route.fulfill({ status: 403, body: '' });
  });
  const isThere = (image: Locator) =>
    eventually(async () => assert.ok(await image.evaluate((it: HTMLImageElement) => it.complete && it.naturalWidth > 0)));
  const page = await browser.tab();
  await openConsoleAs(page, account('admin'), `products/${product.productId}`);
  await page.getByLabel(text.upload.choose, { exact: true }).setInputFiles(png('early.png', picture(100_000)));
  await button(page, text.upload.submit).click();
  await queued(page, 'early.png').getByText(text.upload.ready, { exact: true }).waitFor({ timeout: PICTURE_PATIENCE });
  const image = page.getByRole('img', { name: text.product.pictureOf(product.name, 1) });
  await image.waitFor({ timeout: PICTURE_PATIENCE });
  await eventually(() => assert.ok(refused > 0));
  canBeSeen = true;
  await isThere(image);
  canBeSeen = false;
  const shop = await browser.tab(route(`products/${product.productId}`));
  await shop.locator('main .product-pictures .picture svg').first().waitFor();
  canBeSeen = true;
  await isThere(shop.locator('main .product-pictures .picture img').first());
});

pageTest('an admin deletes a picture, and it is gone', async ({ visitor }) => {
  const product = await newProduct();
  const page = await (await visitor()).tab();
  await openConsoleAs(page, account('admin'), `products/${product.productId}`);
  await page.getByLabel(text.upload.choose, { exact: true }).setInputFiles(png('short-lived.png', picture(1000)));
  await button(page, text.upload.submit).click();
  await page.getByRole('img', { name: text.product.pictureOf(product.name, 1) }).waitFor({ timeout: PICTURE_PATIENCE });
  await button(page, text.product.deletePictureOf(1)).click();
  await page.getByRole('dialog', { name: text.product.deletePictureTitle }).getByRole('button', { name: text.product.deletePicture }).click();
  await page.getByText(text.product.noPictures).waitFor();
  const client = await staffClient('admin');
  assert.deepEqual((await client.products.get(product.productId)).images, []);
});

pageTest('what the shop would refuse is not sent as a picture', async ({ visitor }) => {
  const page = await (await visitor()).tab();
  const product = await newProduct();
  await openConsoleAs(page, account('admin'), `products/${product.productId}`);
  const choose = page.getByLabel(text.upload.choose, { exact: true });
  await button(page, text.upload.submit).click();
  await page.getByText(text.upload.missing).waitFor();
  await choose.setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('no picture') });
  await queued(page, 'notes.txt').getByText(text.upload.wrongType).waitFor();
  await choose.setInputFiles(png('huge.png', Buffer.alloc(5 * 1024 * 1024 + 1)));
  await queued(page, 'huge.png').getByText(text.upload.tooLarge(5 * 1024 * 1024 + 1, 5 * 1024 * 1024)).waitFor();
  await choose.setInputFiles(png('empty.png', Buffer.alloc(0)));
  await queued(page, 'empty.png').getByText(text.upload.empty).waitFor();
  await button(page, text.upload.removeOf('empty.png')).click();
  await queued(page, 'empty.png').waitFor({ state: 'detached' });
  await button(page, text.upload.submit).click();
  await page.getByText(text.upload.missing).waitFor();
});
