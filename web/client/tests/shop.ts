// The running shop, and what stands between it and a client in tests.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import {
  type ClientOptions,
  type CustomerClient,
  createCustomerClient,
  createStaffClient,
  type ProblemCode,
  ShopProblem,
  type StaffClient,
} from '@buy-from-me/client';

export interface Account {
  email: string;
  password: string;
  role: string;
}

/** What the shop's ready file tells of it. */
export const ready = JSON.parse(readFileSync(process.env['SHOP_READY_FILE'] ?? '', 'utf8')) as {
  web: string;
  console: string;
  docs: string;
  api: string;
  dynamodb: string;
  accounts: Account[];
};

/** Where the shop's API is. */
export const { api } = ready;

/** Returns the shop's first account of a role. */
export function account(role: string): Account {
  const found = ready.accounts.find((it) => it.role === role);
  assert.ok(found, role);
  return found;
}

export const PASSWORD = 'seven-otters-knit';
export const ADDRESS = { name: 'Nora Newcomer', line1: '1 Example Street', postalCode: '10115', city: 'Berlin', country: 'DE' };

type TestOptions = Partial<ClientOptions>;

/** Makes a customer's client that ends with the test. */
export function customer(t: TestContext, options: TestOptions = {}): CustomerClient {
  const client = createCustomerClient({ baseUrl: api, ...options });
  t.after(() => client.close());
  return client;
}

/** Makes a client of the staff that ends with the test. */
export function staff(t: TestContext, options: TestOptions = {}): StaffClient {
  const client = createStaffClient({ baseUrl: api, ...options });
  t.after(() => client.close());
  return client;
}

/** Signs a newcomer in, who has an empty cart and no orders. */
export async function newcomer(t: TestContext, options: TestOptions = {}): Promise<CustomerClient> {
  const client = customer(t, options);
  await client.register({ email: newEmail(), password: PASSWORD, name: 'Nora Newcomer' });
  return client;
}

export function newEmail(): string {
  return `nora.${crypto.randomUUID()}@example.com`;
}

export async function signedInStaff(t: TestContext, role: string, options: TestOptions = {}): Promise<StaffClient> {
  const client = staff(t, options);
  await client.signIn(account(role));
  return client;
}

/** Makes a category, unless it is there: others may make it, or another one, at the same time. */
export async function makeCategory(admin: StaffClient, slug: string, name = slug): Promise<string> {
  for (;;) {
    try {
      return (await admin.categories.save(slug, { name })).slug;
    } catch (error) {
      if (!(error instanceof ShopProblem && error.code === 'conflict')) throw error;
    }
  }
}

/** Returns the problem of a code that a call must end with. */
export async function problem<Code extends ProblemCode>(call: Promise<unknown>, code: Code): Promise<ShopProblem<Code>> {
  const outcome = await call.then(
    () => assert.fail(`It succeeded, and should have been ${code}.`),
    (error: unknown) => error,
  );
  assert.ok(outcome instanceof ShopProblem, String(outcome));
  assert.equal(outcome.code, code);
  return outcome as ShopProblem<Code>;
}

/** One request as it reached the server. */
export interface Call {
  method: string;
  path: string;
  token: string | undefined;
  key: string | undefined;
  body: string;
  /** Whether the client has gone, or has its answer. */
  over: boolean;
}

/** An answer that the shop did not give. */
interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}

/**
 * What is done with a request: `hang` gives no answer, `lose` does what was
 * asked for and gives none, `cut` gives none without doing it; a function changes
 * the shop's answer.
 */
export type Fault = 'hang' | 'lose' | 'cut' | Answer | ((answer: string) => string | Answer | Promise<string | Answer>);

/** A server before the shop, with faults as tests like them. */
export class FaultyShop {
  readonly calls: Call[] = [];
  /** Decides about each request; what it returns nothing for goes through. */
  fault: (call: Call) => Fault | undefined = () => undefined;
  #server: http.Server | undefined;

  static async start(t: TestContext): Promise<FaultyShop> {
    const shop = new FaultyShop();
    const server = http.createServer((request, response) => {
      shop.#handle(request, response).catch(() => response.destroy());
    });
    shop.#server = server.listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    t.after(() => shop.stop());
    return shop;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server?.address() as AddressInfo).port}`;
  }

  /** Returns the calls whose path ends so. */
  callsOf(end: string): Call[] {
    return this.calls.filter(({ path }) => path.endsWith(end));
  }

  /** Applies a fault to the next so many calls whose path ends so. */
  next(end: string, fault: Fault, times = 1): void {
    let left = times;
    const before = this.fault;
    this.fault = (call) => {
      const other = before(call);
      if (other === undefined && call.path.endsWith(end) && left-- > 0) return fault;
      return other;
    };
  }

  stop(): void {
    this.#server?.close();
    this.#server?.closeAllConnections();
  }

  async #handle(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    let body = '';
    for await (const part of request.setEncoding('utf8')) body += part;
    const { method = '', url = '', headers } = request;
    const call: Call = {
      method,
      path: url,
      token: headers.authorization?.replace('Bearer ', ''),
      key: headers['idempotency-key'] as string | undefined,
      body,
      over: false,
    };
    response.once('close', () => {
      call.over = true;
    });
    this.calls.push(call);
    const fault = this.fault(call);
    if (fault === 'hang') return;
    if (fault === 'cut') return void response.destroy();
    if (typeof fault === 'object') return give(response, fault);
    const { host: _, connection: __, 'content-length': ___, 'transfer-encoding': ____, ...passed } = headers;
    const answer = await fetch(api + url, {
      method,
      headers: passed as Record<string, string>,
      ...(body && { body }),
    });
    const text = await answer.text();
    if (fault === 'lose') return void response.destroy();
    const told = Object.fromEntries(answer.headers);
    delete told['content-length'];
    const changed = fault ? await fault(text) : text;
    if (typeof changed === 'object') return give(response, changed);
    response.writeHead(answer.status, told);
    response.end(changed);
  }
}

function give(response: http.ServerResponse, answer: Answer): void {
  response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
  response.end(answer.body ?? '{"message":"no"}');
}

/** Waits until something holds, for ten seconds at most. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  const begun = performance.now();
  while (!holds()) {
    assert.ok(performance.now() - begun < 10_000, `never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
