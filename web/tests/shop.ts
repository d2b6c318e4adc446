// What tests do in the running shop past its pages, by the API and in its tables and bucket.
import assert from 'node:assert/strict';
import { type CustomerClient, type NewProduct, type Order, type StaffClient, type StaffProduct, createCustomerClient, createStaffClient } from '@buy-from-me/client';
import { eventually } from './browser.ts';
import { ADDRESS, PASSWORD, account, makeCategory, newEmail, ready } from '../client/tests/shop.ts';

export { ADDRESS, PASSWORD, account, newEmail, ready } from '../client/tests/shop.ts';

/** Where the storefront is, with a slash at the end. */
export const storefrontUrl = new URL('/', ready.web).href;
/** Where the console is, with a slash at the end. */
export const consoleUrl = ready.console;
const { api } = ready;

/** Who can sign in. */
export interface Account {
  readonly email: string;
  readonly password: string;
}

/** A customer of a test: nobody else signs in to this account. */
export interface Customer extends Account {
  readonly name: string;
  /** What the API says of their things. */
  readonly client: CustomerClient;
}

/** Makes an account of a customer with an empty cart and no orders. */
export async function newCustomer(name = 'Nora Newcomer'): Promise<Customer> {
  const client = createCustomerClient({ baseUrl: api });
  const email = newEmail();
  await client.register({ email, password: PASSWORD, name });
  return { email, password: PASSWORD, name, client };
}

/** Returns a client of somebody who has an account already. */
export async function signedInCustomer(who: Account): Promise<CustomerClient> {
  const client = createCustomerClient({ baseUrl: api });
  await client.signIn(who);
  return client;
}

/** Returns all orders of a customer, as the API tells them. */
export async function ordersOf(customer: Pick<Customer, 'client'>): Promise<Order[]> {
  const orders: Order[] = [];
  for await (const order of customer.client.orders.list()) orders.push(order);
  return orders;
}

const staff = new Map<string, Promise<StaffClient>>();

/** Returns a client of the staff's demo account of a role. */
export function staffClient(role: 'staff' | 'admin' | 'super-admin'): Promise<StaffClient> {
  const known = staff.get(role);
  if (known) return known;
  const client = createStaffClient({ baseUrl: api });
  const signedIn = client.signIn(account(role)).then(() => client);
  staff.set(role, signedIn);
  return signedIn;
}

/** The category of what tests sell. */
export const CATEGORY = { slug: 'tested-goods', name: 'Tested goods' } as const;
let category: Promise<string> | undefined;

/** Makes the category of what tests sell, once. */
export async function testCategory(): Promise<void> {
  await (category ??= staffClient('admin').then((client) => makeCategory(client, CATEGORY.slug, CATEGORY.name)));
}

/** Makes a published product that no other test knows. */
export async function newProduct(product: Partial<NewProduct> = {}): Promise<StaffProduct> {
  const client = await staffClient('admin');
  await testCategory();
  const { value } = await client.products.create({
    name: newName('Teapot'),
    description: 'Holds tea, and a test.',
    price: { amount: 1999, currency: 'EUR' },
    category: CATEGORY.slug,
    status: 'published',
    stock: 20,
    ...product,
  });
  return value;
}

/** How long it may take until a picture is judged and shown, in milliseconds. */
export const PICTURE_PATIENCE = 30_000;

/** Returns a name that is used once. */
export function newName(of: string): string {
  return `${of} ${crypto.randomUUID().slice(0, 8)}`;
}

/** A member of the staff of a test. */
export interface Colleague extends Account {
  readonly name: string;
  readonly userId: string;
  readonly client: StaffClient;
}

/** Invites somebody to the staff, accepts for them, and signs them in. */
export async function newColleague(role: 'staff' | 'admin' | 'super-admin'): Promise<Colleague> {
  const superAdmin = await staffClient('super-admin');
  const [email, name] = [newEmail(), newName('Colleague')];
  const { value } = await superAdmin.users.create({ email, name, role });
  assert.ok(value.invitation);
  const client = createStaffClient({ baseUrl: api });
  await client.acceptInvitation({ token: value.invitation.token, password: PASSWORD });
  const user = await client.signIn({ email, password: PASSWORD });
  return { email, name, password: PASSWORD, userId: user.userId, client };
}

/** Waits until anybody may see so many pictures of a product, in all their sizes. */
export async function pictured(productId: string, count: number): Promise<void> {
  const anybody = createCustomerClient({ baseUrl: api });
  await eventually(async () => {
    const { images } = await anybody.products.get(productId);
    assert.equal(images.length, count);
    const urls = images.flatMap((it) => [it.url, ...it.variants.map(({ url }) => url)]);
    for (const url of urls) assert.equal((await fetch(url)).status, 200, url);
  }, PICTURE_PATIENCE);
}

/** Orders a product for a customer, and returns the order. */
export async function newOrder(customer: Pick<Customer, 'client'>, product: StaffProduct, quantity = 1): Promise<Order> {
  const { client } = customer;
  await client.cart.setItem(product.productId, quantity);
  const { total } = await client.cart.get();
  const { order } = await client.checkout({ expectedTotal: total, shippingAddress: ADDRESS, paymentMethod: 'invoice' }).submit();
  return order;
}

/** Sets the price of a product. */
export async function setPrice(productId: string, amount: number): Promise<void> {
  const client = await staffClient('admin');
  const { version, price } = await client.products.get(productId);
  await client.products.update(productId, { price: { ...price, amount } }, version);
}

/** Sets how many pieces of a product there are. */
export async function setStock(productId: string, available: number): Promise<void> {
  await (await staffClient('admin')).products.setStock(productId, { available });
}

/** Returns how many pieces of a product there are. */
export async function stockOf(productId: string): Promise<number> {
  return (await (await staffClient('staff')).products.get(productId)).available;
}
