// The catalogue as the staff keep it, and as customers see it.
import assert from 'node:assert/strict';
import { console as text, storefront } from '@buy-from-me/text';
import type { Page } from 'playwright-core';
import { eventually, pageTest } from './browser.ts';
import { choice, consoleRoute, fillProduct, menu, openConsoleAs } from './console.ts';
import { Network } from './network.ts';
import { CATEGORY, account, newColleague, newName, newProduct, ready, staffClient, stockOf, testCategory } from './shop.ts';
import { button, field, heading, link, route } from './storefront.ts';

/** Returns the address part of a name that is used once. */
function newSlug(of: string): string {
  return newName(of).toLowerCase().replaceAll(' ', '-');
}

/** Returns the product of a name, as the staff's list has it. */
async function found(name: string) {
  const client = await staffClient('staff');
  return eventually(async () => {
    const it = (await client.products.list({ limit: 100 }).page()).items.find((product) => product.name === name);
    assert.ok(it, name);
    return it;
  });
}

pageTest('an admin makes a category and a product in it, and customers see both', async ({ visitor }) => {
  const browser = await visitor();
  const page = await browser.tab(consoleRoute(''));
  await button(page, text.roles.admin).click();
  await menu(page, text.nav.categories).click();
  const [category, slug] = [newName('Lanterns'), newSlug('lanterns')];
  await field(page, text.categories.name).fill(category);
  await field(page, text.categories.slug).fill(slug);
  await button(page, text.categories.submit).click();
  await button(page, text.categories.changeOf(category)).waitFor();

  await menu(page, text.nav.home).click();
  await link(page, text.home.newProduct.title).click();
  const [name, sku] = [newName('Console lamp'), newSlug('SKU')];
  await fillProduct(page, { name, description: 'Made in the console.', price: '49.90', stock: '7', category: slug, sku });
  await button(page, text.newProduct.submit).click();
  await heading(page, name).waitFor();
  await page.getByText(text.product.created(name)).first().waitFor();
  await page.getByText('€49.90').waitFor();
  await page.getByText(sku).first().waitFor();

  const shop = await browser.tab(route(''));
  await link(shop, category).click();
  await heading(shop, category).waitFor();
  await link(shop, name).click();
  await heading(shop, name).waitFor();
  await shop.getByText('Made in the console.').waitFor();
  assert.equal(await shop.locator('main .product-pictures img').count(), 0, 'no picture is shown that is not there');
  await button(shop, storefront.product.add).waitFor();
});

pageTest('a category belongs to another, is renamed and moved, and is deleted once nothing uses it', async ({ visitor }) => {
  const browser = await visitor();
  const page = await browser.tab();
  await openConsoleAs(page, account('admin'), 'categories');
  const [outer, inner] = [newName('Outer'), newName('Inner')];
  const [outerSlug, innerSlug] = [newSlug('outer'), newSlug('inner')];
  for (const [name, slug, parent] of [[outer, outerSlug, ''], [inner, innerSlug, outerSlug]] as const) {
    await field(page, text.categories.name).fill(name);
    await field(page, text.categories.slug).fill(slug);
    await choice(page, text.categories.parent).selectOption(parent);
    await button(page, text.categories.submit).click();
    await button(page, text.categories.changeOf(name)).waitFor();
  }
  // In the storefront one is found by the other.
  const shop = await browser.tab(route(''));
  await link(shop, outer).click();
  await heading(shop, outer).waitFor();
  await shop.getByRole('list', { name: storefront.products.below(outer) }).getByRole('link', { name: inner }).click();
  await heading(shop, inner).waitFor();
  await shop.getByRole('navigation', { name: storefront.products.breadcrumbs }).getByRole('link', { name: outer }).waitFor();

  // It can't be made twice, nor belong to what belongs to it.
  await field(page, text.categories.name).fill('Twice');
  await field(page, text.categories.slug).fill(innerSlug);
  await button(page, text.categories.submit).click();
  await page.getByText(text.categories.errors.taken).waitFor();
  await button(page, text.categories.changeOf(outer)).click();
  const dialog = page.getByRole('dialog');
  assert.equal(await dialog.getByRole('option', { name: inner }).count(), 0);
  await button(page, text.cancel).click();

  browser.expectsStatus(409);
  await button(page, text.categories.deleteOf(outer)).click();
  await button(page, text.categories.deleteYes).click();
  await page.getByText(text.categories.used(outer)).waitFor();
  await button(page, text.cancel).click();

  const renamed = newName('Moved');
  await button(page, text.categories.changeOf(inner)).click();
  await dialog.getByRole('textbox', { name: text.categories.name }).fill(renamed);
  await dialog.getByLabel(text.categories.parent, { exact: true }).selectOption('');
  await button(page, text.categories.save).click();
  await button(page, text.categories.changeOf(renamed)).waitFor();
  for (const name of [outer, renamed]) {
    await button(page, text.categories.deleteOf(name)).click();
    await button(page, text.categories.deleteYes).click();
    await page.getByRole('status').getByText(text.categories.deleted(name)).waitFor();
    await button(page, text.categories.changeOf(name)).waitFor({ state: 'detached' });
  }
});

pageTest('a filter that matches only old products finds them', async ({ visitor }) => {
  const product = await newProduct();
  const card = await found(product.name);
  const browser = await visitor();
  const network = await Network.between(browser.context);
  // How many pages come before the one with the product.
  let empty = 3;
  const path = new URL(`${ready.api}/api/admin/products`).pathname;
  network.fault = ({ path: asked }) => {
    if (asked !== path) return undefined;
    empty -= 1;
    return { status: 200, body: empty < 0 ? { items: [card], nextCursor: null } : { items: [], nextCursor: 'next' } };
  };
  const page = await browser.tab();
  await openConsoleAs(page, account('staff'), 'products?stock=low');
  await link(page, product.name).waitFor();
  assert.equal(network.count('GET', path), 4);
  // After twenty the page says how far it has looked.
  empty = 21;
  await choice(page, text.products.status).selectOption('published');
  await page.getByText(text.noneSoFar).waitFor();
  await link(page, text.nextPage).click();
  await link(page, product.name).waitFor();
  assert.equal(network.count('GET', path), 4 + 22);
});

pageTest('the list of products shows drafts too, and is filtered', async ({ visitor }) => {
  const [draft, published] = [await newProduct({ status: 'draft', stock: 0 }), await newProduct({ stock: 50 })];
  const page = await (await visitor()).tab();
  await openConsoleAs(page, account('staff'), 'products');
  for (const { name } of [draft, published]) await link(page, name).waitFor();
  await choice(page, text.products.status).selectOption('draft');
  await link(page, published.name).waitFor({ state: 'detached' });
  await link(page, draft.name).waitFor();
  await choice(page, text.products.status).selectOption('published');
  await link(page, published.name).waitFor();
  assert.equal(await link(page, draft.name).count(), 0);
  await choice(page, text.products.status).selectOption('');
  await choice(page, text.products.stock).selectOption('low');
  await link(page, draft.name).waitFor();
  await link(page, published.name).waitFor({ state: 'detached' });
  await choice(page, text.products.stock).selectOption('');
  await choice(page, text.products.category).selectOption(CATEGORY.slug);
  await link(page, published.name).waitFor();
  assert.match(page.url(), new RegExp(`category=${CATEGORY.slug}`));
});

pageTest('an admin publishes a draft at another price, and takes it out of the shop again', async ({ visitor }) => {
  const product = await newProduct({ status: 'draft' });
  const browser = await visitor();
  const page = await browser.tab();
  await openConsoleAs(page, account('admin'), `products/${product.productId}`);
  await field(page, text.newProduct.price('EUR')).fill('24,50');
  await choice(page, text.newProduct.status).selectOption('published');
  await button(page, text.editProduct.save).click();
  await page.getByText(text.editProduct.saved(product.name)).waitFor();
  const shop = await browser.tab(route(`products/${product.productId}`));
  await heading(shop, product.name).waitFor();
  await shop.getByText('€24.50').waitFor();
  await choice(page, text.newProduct.status).selectOption('draft');
  await button(page, text.editProduct.save).click();
  await eventually(async () => assert.equal((await found(product.name)).status, 'draft'));
  // Who has seen it may see it for a minute; whoever comes now doesn't.
  const later = await visitor();
  later.expectsStatus(404);
  const other = await later.tab(route(`products/${product.productId}`));
  await heading(other, storefront.product.notFound).waitFor();
});

pageTest('a stale edit shows both versions, and saves what is chosen of them on the newer one', async ({ visitor }) => {
  const product = await newProduct();
  const browser = await visitor();
  const page = await browser.tab();
  await openConsoleAs(page, account('admin'), `products/${product.productId}`);
  const [mine, theirs] = [newName('Mine'), newName('Theirs')];
  await field(page, text.newProduct.name).fill(mine);
  await field(page, text.newProduct.price('EUR')).fill('30');
  const client = await staffClient('super-admin');
  const theirChange = { name: theirs, description: 'Written by somebody else.' };
  await client.products.update(product.productId, theirChange, product.version);

  browser.expectsStatus(409);
  await button(page, text.editProduct.save).click();
  await page.getByText(text.editProduct.conflict.text).waitFor();
  const version = (label: string, side: 'mine' | 'theirs') =>
    page.getByRole('group', { name: label, exact: true }).getByRole('radio', { name: text.editProduct.conflict[side] });
  // What one alone changed goes without saying; of what both did, one must be chosen.
  assert.ok(await version(text.product.facts.price, 'mine').isChecked());
  assert.ok(await version(text.newProduct.description, 'theirs').isChecked());
  for (const side of ['mine', 'theirs'] as const) assert.ok(!(await version(text.newProduct.name, side).isChecked()));
  await button(page, text.editProduct.conflict.save).click();
  await page.getByText(text.editProduct.conflict.choose).waitFor();
  assert.equal((await client.products.get(product.productId)).name, theirs, 'nothing is saved before it is chosen');
  await version(text.newProduct.name, 'mine').check();
  await button(page, text.editProduct.conflict.save).click();
  await heading(page, mine).waitFor();
  const now = await client.products.get(product.productId);
  assert.deepEqual([now.name, now.price.amount, now.description], [mine, 3000, theirChange.description]);
});

pageTest('a stale edit of other fields than somebody else’s is one click, and can be left', async ({ visitor }) => {
  const product = await newProduct();
  const browser = await visitor();
  const page = await browser.tab();
  await openConsoleAs(page, account('admin'), `products/${product.productId}`);
  await field(page, text.newProduct.price('EUR')).fill('31');
  const client = await staffClient('super-admin');
  await client.products.update(product.productId, { description: 'Another one.' }, product.version);
  browser.expectsStatus(409);
  await button(page, text.editProduct.save).click();
  await button(page, text.editProduct.conflict.discard).click();
  await button(page, text.editProduct.save).waitFor();
  assert.equal(await field(page, text.newProduct.description).inputValue(), 'Another one.');
  assert.equal(await field(page, text.newProduct.price('EUR')).inputValue(), '19.99');
});

pageTest('a SKU that another product has is said at its field', async ({ visitor }) => {
  const sku = newSlug('SKU');
  const [, product] = [await newProduct({ sku }), await newProduct()];
  const browser = await visitor();
  const page = await browser.tab();
  await openConsoleAs(page, account('admin'), `products/${product.productId}`);
  await field(page, text.newProduct.sku).fill(sku.toUpperCase());
  browser.expectsStatus(409);
  await button(page, text.editProduct.save).click();
  await page.getByText(text.editProduct.skuTaken).waitFor();
  await page.goto(consoleRoute('products/new'));
  await fillProduct(page, { name: newName('Same SKU'), price: '1', stock: '0', sku });
  await button(page, text.newProduct.submit).click();
  await page.getByText(text.editProduct.skuTaken).waitFor();
});

pageTest('what was typed into an edit outlives a session that ends', async ({ visitor }) => {
  const [product, colleague] = [await newProduct(), await newColleague('admin')];
  const browser = await visitor();
  const page = await browser.tab();
  await openConsoleAs(page, colleague, `products/${product.productId}`);
  const name = newName('Typed');
  await field(page, text.newProduct.name).fill(name);
  await colleague.client.signOut({ everywhere: true });
  browser.expectsStatus(401);
  await button(page, text.editProduct.save).click();
  await page.getByText(text.signIn.ended).waitFor();
  await field(page, text.fields.email).fill(colleague.email);
  await page.getByLabel(text.fields.password, { exact: true }).fill(colleague.password);
  await button(page, text.signIn.submit).click();
  await heading(page, product.name).waitFor();
  assert.equal(await field(page, text.newProduct.name).inputValue(), name);
  await button(page, text.editProduct.save).click();
  await heading(page, name).waitFor();
});

/** Changes the stock by the form. */
async function changeStock(page: Page, how: keyof typeof text.stock.hows, pieces: string): Promise<void> {
  await choice(page, text.stock.how).selectOption(how);
  await field(page, text.stock.pieces).fill(pieces);
  await button(page, text.stock.submit).click();
}

pageTest('the staff count the stock, and see the price without being able to change it', async ({ visitor }) => {
  const product = await newProduct({ stock: 3 });
  const browser = await visitor();
  const page = await browser.tab();
  await openConsoleAs(page, account('staff'), `products/${product.productId}`);
  await page.getByText(text.stock.now(3)).waitFor();
  for (const label of [text.editProduct.save, text.product.delete.open, text.upload.submit]) assert.equal(await button(page, label).count(), 0, label);
  await changeStock(page, 'add', '4');
  await page.getByText(text.stock.now(7)).waitFor();
  await changeStock(page, 'remove', '2');
  await page.getByText(text.stock.now(5)).waitFor();
  browser.expectsStatus(409);
  await changeStock(page, 'remove', '6');
  await page.getByText(text.stock.tooFew(5)).waitFor();
  await changeStock(page, 'set', '0');
  await page.getByText(text.stock.now(0)).waitFor();
  assert.equal(await stockOf(product.productId), 0);
});

pageTest('a change of the stock whose answer is lost is done once, however often it is sent', async ({ visitor }) => {
  const product = await newProduct({ stock: 10 });
  const browser = await visitor();
  const network = await Network.between(browser.context);
  const page = await browser.tab();
  await openConsoleAs(page, account('staff'), `products/${product.productId}`);
  network.fault = ({ method }) => (method === 'PUT' ? 'lost' : undefined);
  browser.expectsNoAnswer();
  await changeStock(page, 'add', '5');
  await page.getByRole('alert').getByText(ready.api).waitFor();
  network.fault = () => undefined;
  await button(page, text.stock.submit).click();
  await page.getByText(text.stock.done(15)).waitFor();
  assert.equal(await stockOf(product.productId), 15);
});

pageTest('a super-admin deletes a product after a question with its name, and nobody else may', async ({ visitor }) => {
  const product = await newProduct();
  const browser = await visitor();
  const admin = await browser.tab();
  await openConsoleAs(admin, account('admin'), `products/${product.productId}`);
  await button(admin, text.editProduct.save).waitFor();
  assert.equal(await button(admin, text.product.delete.open).count(), 0);

  const other = await visitor();
  const page = await other.tab();
  await openConsoleAs(page, account('super-admin'), `products/${product.productId}`);
  await button(page, text.product.delete.open).click();
  await page.getByRole('dialog', { name: text.product.delete.ask(product.name) }).waitFor();
  await button(page, text.cancel).click();
  await button(page, text.product.delete.open).click();
  await button(page, text.product.delete.yes).click();
  await heading(page, text.products.title).waitFor();
  await page.getByRole('table').waitFor();
  await link(page, product.name).waitFor({ state: 'detached' });
  browser.expectsStatus(404);
  await admin.goto(consoleRoute('products'));
  await heading(admin, text.products.title).waitFor();
  await admin.goto(consoleRoute(`products/${product.productId}`));
  await heading(admin, text.product.missing.title).waitFor();
});

pageTest('a category that there is not is not offered to a new product', async ({ visitor }) => {
  await testCategory();
  const page = await (await visitor()).tab();
  await openConsoleAs(page, account('admin'), 'products/new');
  await choice(page, text.newProduct.category).locator(`option[value="${CATEGORY.slug}"]`).waitFor({ state: 'attached' });
  const options = await choice(page, text.newProduct.category).locator('option').allInnerTexts();
  assert.ok(options.some((it) => it.trim() === CATEGORY.name), options.join(', '));
});
