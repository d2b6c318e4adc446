// What the staff do in the console, by the names that the page gives its parts.
import { console as text } from '@buy-from-me/text';
import type { Locator, Page } from 'playwright-core';
import { type Account, CATEGORY, consoleUrl } from './shop.ts';
import { button, field, secret } from './storefront.ts';

/** Returns the address of a route. */
export function consoleRoute(path: string): string {
  return `${consoleUrl}#/${path}`;
}

/** Returns a link of the navigation. */
export function menu(page: Page, name: string): Locator {
  return page.getByRole('navigation').getByRole('link', { name, exact: true });
}

/** Signs in by the form, from wherever the page asks for it. */
export async function fillStaffSignIn(page: Page, { email, password }: Account): Promise<void> {
  await field(page, text.fields.email).fill(email);
  await secret(page, text.fields.password).fill(password);
  await button(page, text.signIn.submit).click();
}

/** Opens a page of the console, signed in. */
export async function openConsoleAs(page: Page, account: Account, path = ''): Promise<void> {
  await page.goto(consoleRoute(path));
  await fillStaffSignIn(page, account);
  await button(page, text.nav.signOut).waitFor();
}

/** Returns the choice of a label. */
export function choice(page: Page, label: string): Locator {
  return page.getByLabel(label, { exact: true });
}

/** Types a product into the form for new ones. */
export async function fillProduct(page: Page, product: { name: string; description?: string; price: string; stock: string; category?: string; sku?: string }): Promise<void> {
  await field(page, text.newProduct.name).fill(product.name);
  if (product.description) await field(page, text.newProduct.description).fill(product.description);
  await field(page, text.newProduct.price('EUR')).fill(product.price);
  await field(page, text.newProduct.stock).fill(product.stock);
  if (product.sku) await field(page, text.newProduct.sku).fill(product.sku);
  await choice(page, text.newProduct.category).selectOption(product.category ?? CATEGORY.slug);
  await page.getByLabel(text.newProduct.status, { exact: true }).selectOption('published');
}
