// What tests do in the running shop past its pages, by the API and in its tables and bucket.
import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { type CustomerClient, type NewProduct, type Order, type StaffClient, type StaffProduct, createCustomerClient, createStaffClient } from '@buy-from-me/client';
import { PASSWORD, account, newEmail, ready } from '../client/tests/shop.ts';

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

/** The operator's credentials in the local cloud. */
const OPERATOR = { id: 'LOCALCLOUDACCESSKEY1', secret: 'local-cloud-secret-access-key', region: 'eu-central-1' };

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

/** Returns the headers of a GET without a query, signed as AWS wants it (Signature Version 4). */
function signed(service: string, url: URL): Record<string, string> {
  const date = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const hash = (text: string) => createHash('sha256').update(text).digest('hex');
  const headers = { host: url.host, 'x-amz-content-sha256': hash(''), 'x-amz-date': date };
  const names = Object.keys(headers).join(';');
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
  const request = ['GET', url.pathname, '', lines.join(''), names, hash('')].join('\n');
  const day = date.slice(0, 8);
  const scope = [day, OPERATOR.region, service, 'aws4_request'];
  const key = scope.reduce<string | Buffer>((before, it) => hmac(before, it), `AWS4${OPERATOR.secret}`);
  const signature = hmac(key, ['AWS4-HMAC-SHA256', date, scope.join('/'), hash(request)].join('\n')).toString('hex');
  const { host: _, ...sent } = headers;
  const credential = `${OPERATOR.id}/${scope.join('/')}`;
  return { ...sent, authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names}, Signature=${signature}` };
}

/** Returns the bytes of an object that a form was posted for: `url` is the form's, `key` its field. */
export async function objectOf(url: string, key: string): Promise<Buffer> {
  const address = new URL(`${url.replace(/\/$/, '')}/${key}`);
  const answer = await fetch(address, { headers: signed('s3', address) });
  const bytes = Buffer.from(await answer.arrayBuffer());
  assert.equal(answer.status, 200, bytes.toString());
  return bytes;
}

async function dynamodb(operation: string, body: object): Promise<Record<string, unknown>> {
  const answer = await fetch(ready.dynamodb, {
    method: 'POST',
    headers: {
      // It wants to see a signature, and looks at none.
      authorization: `AWS4-HMAC-SHA256 Credential=${OPERATOR.id}/20261121/any/any/aws4_request, SignedHeaders=host, Signature=0`,
      'x-amz-date': '20261121T100000Z',
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
  const table = TableNames.find((name) => name.endsWith('-ProductsTable'));
  assert.ok(table, TableNames.join(', '));
  await dynamodb('UpdateItem', {
    TableName: table,
    Key: { productId: { S: productId } },
    UpdateExpression: 'SET price = :price',
    ConditionExpression: 'attribute_exists(price)',
    ExpressionAttributeValues: { ':price': { N: String(amount) } },
  });
}
