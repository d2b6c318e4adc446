// The running shop: what stands in its ready file, and what is done in it past the pages.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type CustomerClient, type NewProduct, type Order, type StaffClient, type StaffProduct, createCustomerClient, createStaffClient } from '@buy-from-me/client';

export interface Account {
  readonly email: string;
  readonly password: string;
}

const ready = JSON.parse(readFileSync(process.env['SHOP_READY_FILE'] ?? '', 'utf8')) as {
  web: string;
  console: string;
  api: string;
  s3: string;
  dynamodb: string;
  accounts: (Account & { role: string })[];
};

export const { api, s3, accounts } = ready;
/** Where the storefront is, with a slash at the end. */
export const storefrontUrl = new URL('/', ready.web).href;
/** Where the console is, with a slash at the end. */
export const consoleUrl = ready.console;

/** Returns the demo's account of a role. */
export function demoAccount(role: string): Account {
  const found = accounts.find((it) => it.role === role);
  assert.ok(found, role);
  return found;
}

/** Long enough for customers and staff. */
export const PASSWORD = 'seven-otters-knit';

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

export function newEmail(): string {
  return `nora.${crypto.randomUUID()}@example.com`;
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
  const signedIn = client.signIn(demoAccount(role)).then(() => client);
  staff.set(role, signedIn);
  return signedIn;
}

/** Makes a published product that no other test knows. */
export async function newProduct(product: Partial<NewProduct> = {}): Promise<StaffProduct> {
  const client = await staffClient('admin');
  const { value } = await client.products.create({
    name: newName('Teapot'),
    description: 'Holds tea, and a test.',
    price: { amount: 1999, currency: 'EUR' },
    category: 'tested-goods',
    status: 'published',
    stock: 20,
    ...product,
  });
  return value;
}

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

/** Returns who reads a service of the cloud as the operator. The local one looks at no signature. */
function operator(service: string): Record<string, string> {
  const credential = `LOCALCLOUDACCESSKEY1/20261121/eu-central-1/${service}/aws4_request`;
  return {
    authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host, Signature=0`,
    'x-amz-date': '20261121T100000Z',
  };
}

async function dynamodb(operation: string, body: object): Promise<Record<string, unknown>> {
  const answer = await fetch(ready.dynamodb, {
    method: 'POST',
    headers: {
      ...operator('dynamodb'),
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `DynamoDB_20120810.${operation}`,
    },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  return JSON.parse(text) as Record<string, unknown>;
}

/** Sets the price of a product in its table: there is no endpoint for it. */
export async function setPrice(productId: string, amount: number): Promise<void> {
  const { TableNames } = (await dynamodb('ListTables', {})) as { TableNames: string[] };
  const table = TableNames.find((name) => name.endsWith('-products'));
  assert.ok(table, TableNames.join(', '));
  await dynamodb('UpdateItem', {
    TableName: table,
    Key: { productId: { S: productId } },
    UpdateExpression: 'SET price = :price',
    ConditionExpression: 'attribute_exists(price)',
    ExpressionAttributeValues: { ':price': { N: String(amount) } },
  });
}
