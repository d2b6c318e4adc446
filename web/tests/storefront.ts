// What a customer does in the storefront, by the names that the page gives its parts.
import { storefront as text } from '@buy-from-me/text';
import type { Locator, Page } from 'playwright-core';
import type { Visitor } from './browser.ts';
import { type Account, ADDRESS, newCustomer, newProduct, storefrontUrl } from './shop.ts';

/** Returns the address of a route. */
export function route(path: string): string {
  return `${storefrontUrl}#/${path}`;
}

export function heading(page: Page, name: string): Locator {
  return page.getByRole('heading', { level: 1, name, exact: true });
}

export function button(page: Page, name: string): Locator {
  return page.getByRole('button', { name, exact: true });
}

export function link(page: Page, name: string): Locator {
  return page.getByRole('link', { name, exact: true });
}

/** Returns the field of a label, which may be followed by "(optional)". */
export function field(page: Page, label: string): Locator {
  return page.getByRole('textbox', { name: label });
}

/** Returns the field of a password: browsers give it no role. */
export function secret(page: Page, label: string): Locator {
  return page.getByLabel(label, { exact: true });
}

/** Returns the link to the cart, once it counts so many things. */
export function cartLink(page: Page, count: number): Locator {
  const name = [text.header.cart, ...(count > 0 ? [count] : []), text.header.items(count)].join(' ');
  return link(page, name);
}

/** Signs in by the form, from wherever the page asks for it. */
export async function fillSignIn(page: Page, { email, password }: Account): Promise<void> {
  await field(page, text.signIn.email).fill(email);
  await secret(page, text.signIn.password).fill(password);
  await button(page, text.signIn.submit).click();
}

/** Opens a page of the storefront, signed in. */
export async function openAs(page: Page, account: Account, path = ''): Promise<void> {
  await page.goto(route(`sign-in?${new URLSearchParams({ next: `#/${path}` })}`));
  await fillSignIn(page, account);
  await link(page, text.header.account).waitFor();
}

/** Types an address into the checkout. */
export async function fillAddress(page: Page): Promise<void> {
  await field(page, text.checkout.name).fill(ADDRESS.name);
  await field(page, text.checkout.line1).fill(ADDRESS.line1);
  await field(page, text.checkout.postalCode).fill(ADDRESS.postalCode);
  await field(page, text.checkout.city).fill(ADDRESS.city);
  await page.getByLabel(text.checkout.country, { exact: true }).selectOption(ADDRESS.country);
}

/** Opens the checkout of somebody whose cart holds some of a product, with the address typed. */
export async function atCheckout(browser: Visitor, quantity = 1, stock = 20) {
  const [customer, product] = [await newCustomer(), await newProduct({ stock })];
  await customer.client.cart.setItem(product.productId, quantity);
  const page = await browser.tab();
  await openAs(page, customer, 'checkout');
  await fillAddress(page);
  return { customer, product, page };
}

/** Returns the button that places the order, whatever it costs. */
export function placeButton(page: Page): Locator {
  const [before = '', after = ''] = text.checkout.place('\n').split('\n');
  return page.getByRole('button', { name: new RegExp(`^${before}.*${after}$`) });
}
