// The whole way of a product: from its category to the customer who has it.
import assert from 'node:assert/strict';
import { console as text, storefront } from '@buy-from-me/text';
import { pageTest } from './browser.ts';
import { choice, consoleRoute, fillProduct, openConsoleAs } from './console.ts';
import { picture, showsFittingSize } from './picture.ts';
import { ADDRESS, PICTURE_PATIENCE, account, newCustomer, newName, ordersOf, pictured } from './shop.ts';
import { button, cartLink, field, fillAddress, heading, link, openAs, placeButton, route } from './storefront.ts';

pageTest('from a new category to the order on its way: admin, customer and staff, each in a browser of their own', async ({ visitor }) => {
  const [category, name] = [newName('Ferries'), newName('Model Ferry')];
  const slug = category.toLowerCase().replaceAll(' ', '-');

  // An admin makes a category, and in it a product with a photo.
  const admin = await (await visitor()).tab();
  await openConsoleAs(admin, account('admin'), 'categories');
  await field(admin, text.categories.name).fill(category);
  await button(admin, text.categories.submit).click();
  await button(admin, text.categories.changeOf(category)).waitFor();
  await admin.goto(consoleRoute('products/new'));
  await fillProduct(admin, { name, description: 'To scale.', price: '79', stock: '3', category: slug });
  await button(admin, text.newProduct.submit).click();
  await heading(admin, name).waitFor();
  await admin
    .getByLabel(text.upload.choose, { exact: true })
    .setInputFiles({ name: 'ferry.png', mimeType: 'image/png', buffer: picture(1_500_000) });
  await button(admin, text.upload.submit).click();
  await admin.getByRole('img', { name: text.product.pictureOf(name, 1) }).waitFor({ timeout: PICTURE_PATIENCE });

  // A customer finds it, sees the photo in a size that fits, and orders it.
  const customer = await newCustomer(ADDRESS.name);
  const productId = /prod_\w+/.exec(admin.url())?.[0] ?? '';
  await pictured(productId, 1);
  const shop = await (await visitor()).tab();
  await openAs(shop, customer, `products?category=${slug}`);
  const image = shop.locator('.product-card').filter({ has: link(shop, name) }).locator('img');
  await showsFittingSize(image);
  await link(shop, name).click();
  await showsFittingSize(shop.locator('.product-pictures .picture img').first());
  await button(shop, storefront.product.add).click();
  await cartLink(shop, 1).click();
  await link(shop, storefront.cart.checkout).click();
  await fillAddress(shop);
  await placeButton(shop).click();
  await heading(shop, storefront.order.thanks).waitFor();
  const [order] = await ordersOf(customer);
  assert.ok(order);

  // Somebody of the staff packs and ships it.
  const staff = await (await visitor()).tab();
  await openConsoleAs(staff, account('staff'), 'orders');
  await choice(staff, text.orders.status).selectOption('placed');
  await staff.locator(`a[title="${order.orderId}"]`).click();
  await button(staff, text.order.steps.processing).click();
  await button(staff, text.order.steps.shipped).click();
  await button(staff, text.order.steps.delivered).waitFor();

  // The customer sees that, and can no longer cancel it.
  await shop.goto(route(`orders/${order.orderId}`));
  await shop.reload();
  await shop.locator('.page-head').getByText(storefront.status.shipped).waitFor();
  assert.equal(await button(shop, storefront.order.cancel).count(), 0);
});
