import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type CheckoutAttempt, type CheckoutRequest, type CheckoutState, ConnectionError, type Order, SessionEnded, ShopProblem,
} from '@buy-from-me/client';
import { CheckoutFlow, outcome, pause } from '../src/checkout/flow.ts';

const request = (amount: number): CheckoutRequest => ({
  expectedTotal: { amount, currency: 'EUR' },
  shippingAddress: { name: 'A', line1: '1 Street', postalCode: '1', city: 'B', country: 'DE' },
  paymentMethod: 'invoice',
});
const order = { orderId: 'ord_1' } as Order;

/** Makes a problem with as little as the page looks at. */
function problem(status: number, code: string, retryAfter?: number): ShopProblem {
  const document = { type: '', title: '', status, detail: '', code, requestId: 'req_1' };
  return new ShopProblem(document as ConstructorParameters<typeof ShopProblem>[0], retryAfter);
}

/** Makes what the client takes a refusal for that somebody else than the shop gave. */
function foreign(status: number, code: string): ShopProblem {
  return new ShopProblem({ title: '', status, detail: '', code } as ConstructorParameters<typeof ShopProblem>[0]);
}

/** A shop whose answers the test gives, and what it was sent. */
function shop() {
  const sent: { key: string; answer(order: Order): void; fail(error: unknown): void }[] = [];
  let keys = 0;
  const attempt = (state: CheckoutState): CheckoutAttempt => ({
    key: state.key,
    request: state.request,
    toJSON: () => state,
    submit: () =>
      new Promise((resolve, reject) => {
        sent.push({ key: state.key, answer: (it) => resolve({ order: it, replayed: false }), fail: reject });
      }),
  });
  return {
    sent,
    checkout: (it: CheckoutRequest) => attempt({ key: `key${++keys}`, userId: 'usr_1', request: it }),
    resumeCheckout: (state: unknown) => attempt(state as CheckoutState),
  };
}

function open() {
  const it = shop();
  const kept: (string | undefined)[] = [];
  const flow = new CheckoutFlow(it, (attempt) => kept.push(attempt?.key));
  return { flow, sent: it.sent, kept };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('a second click while an order is under way sends nothing', async () => {
  const { flow, sent } = open();
  flow.place(request(1));
  flow.place(request(1));
  assert.equal(sent.length, 1);
  sent[0]?.answer(order);
  await settled();
  assert.deepEqual(flow.view, { state: 'placed', order });
  flow.place(request(1));
  assert.equal(sent.length, 1);
});

test('an attempt is kept before it is sent, until it is known what became of it', async () => {
  const { flow, sent, kept } = open();
  flow.place(request(1));
  assert.deepEqual(kept, ['key1']);
  sent[0]?.answer(order);
  await settled();
  assert.deepEqual(kept, ['key1', undefined]);
});

test('an answer that is lost is asked for with the same key, and nothing else is ordered meanwhile', async () => {
  const { flow, sent, kept } = open();
  flow.place(request(1));
  sent[0]?.fail(new ConnectionError('gone'));
  await settled();
  assert.equal(flow.view.state, 'unknown');
  assert.deepEqual(kept, ['key1']);
  flow.place(request(2));
  assert.equal(sent.length, 1);
  flow.ask();
  assert.deepEqual(flow.view, { state: 'sending', lost: true });
  sent[1]?.answer(order);
  await settled();
  assert.equal(flow.view.state, 'placed');
  assert.deepEqual(sent.map((it) => it.key), ['key1', 'key1']);
  flow.close();
});

test('what is lost is asked for again by itself, and no more once the page is left', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { flow, sent } = open();
  flow.place(request(1));
  sent[0]?.fail(problem(503, 'unavailable', 5));
  await settled();
  t.mock.timers.tick(4999);
  assert.equal(sent.length, 1);
  t.mock.timers.tick(1);
  assert.equal(sent.length, 2);
  sent[1]?.fail(problem(503, 'unavailable', 5));
  await settled();
  flow.close();
  t.mock.timers.tick(60_000);
  assert.equal(sent.length, 2);
});

test('a page that is left while an order is under way does not ask again', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { flow, sent, kept } = open();
  flow.place(request(1));
  flow.close();
  sent[0]?.fail(new ConnectionError('gone'));
  await settled();
  t.mock.timers.tick(60_000);
  assert.equal(sent.length, 1);
  assert.deepEqual(kept, ['key1']);
});

test('after a refusal the next try has a key of its own, even for the same', async () => {
  const { flow, sent } = open();
  flow.place(request(1));
  sent[0]?.fail(problem(422, 'idempotency-mismatch'));
  await settled();
  flow.place(request(1));
  assert.deepEqual(sent.map((it) => it.key), ['key1', 'key2']);
});

test('after a refusal another order has another key', async () => {
  const { flow, sent, kept } = open();
  flow.place(request(1));
  const refusal = problem(409, 'price-changed');
  sent[0]?.fail(refusal);
  await settled();
  assert.deepEqual(flow.view, { state: 'refused', error: refusal, request: request(1) });
  assert.deepEqual(kept, ['key1', undefined]);
  flow.place(request(2));
  assert.deepEqual(sent.map((it) => it.key), ['key1', 'key2']);
});

test('a request that was turned away is sent again with its key, unless something else is ordered', async () => {
  const { flow, sent } = open();
  flow.place(request(1));
  sent[0]?.fail(problem(429, 'rate-limited'));
  await settled();
  flow.place(request(1));
  sent[1]?.fail(problem(429, 'rate-limited'));
  await settled();
  flow.place(request(2));
  assert.deepEqual(sent.map((it) => it.key), ['key1', 'key1', 'key2']);
});

test('an attempt that a reload interrupted goes on with its key', async () => {
  const { flow, sent } = open();
  flow.resume({ key: 'kept', userId: 'usr_1', request: request(1) });
  assert.deepEqual(flow.view, { state: 'sending', lost: true });
  sent[0]?.fail(problem(429, 'rate-limited'));
  await settled();
  assert.equal(flow.view.state, 'unknown');
  assert.deepEqual(sent.map((it) => it.key), ['kept']);
  flow.close();
});

test('an attempt whose user is gone stays kept and shows nothing', async () => {
  const { flow, sent, kept } = open();
  flow.place(request(1));
  sent[0]?.fail(new SessionEnded());
  await settled();
  assert.equal(flow.view.state, 'sending');
  assert.deepEqual(kept, ['key1']);
});

test('what somebody else than the shop refuses, a firewall say, drops no attempt of which it is not known', async () => {
  const { flow, sent, kept } = open();
  flow.place(request(1));
  sent[0]?.fail(new ConnectionError('gone'));
  await settled();
  for (const [status, code] of [[403, 'forbidden'], [404, 'not-found'], [400, 'malformed'], [409, 'price-changed']] as const) {
    flow.ask();
    sent.at(-1)?.fail(foreign(status, code));
    await settled();
    assert.equal(flow.view.state, 'unknown');
    flow.place(request(2));
  }
  flow.ask();
  assert.deepEqual(sent.map((it) => it.key), Array(6).fill('key1'));
  assert.ok(!kept.includes(undefined));
  sent.at(-1)?.answer(order);
  await settled();
  assert.equal(flow.view.state, 'placed');
  flow.close();
});

test('an order of which nothing can be kept is placed all the same', async (t) => {
  const log = t.mock.method(console, 'error', () => {});
  const { sent, ...rest } = shop();
  const flow = new CheckoutFlow(rest, () => {
    throw new Error('the storage is full');
  });
  flow.place(request(1));
  sent[0]?.answer(order);
  await settled();
  assert.equal(flow.view.state, 'placed');
  assert.equal(log.mock.callCount(), 2);
});

test('tells what is refused from what is not known', () => {
  assert.equal(outcome(new ConnectionError('gone'), false), 'unknown');
  assert.equal(outcome(problem(500, 'internal'), false), 'unknown');
  assert.equal(outcome(problem(503, 'unavailable'), false), 'unknown');
  assert.equal(outcome(problem(401, 'unauthenticated'), false), 'turned-away');
  assert.equal(outcome(problem(401, 'unauthenticated'), true), 'unknown');
  assert.equal(outcome(problem(429, 'rate-limited'), true), 'unknown');
  assert.equal(outcome(problem(409, 'out-of-stock'), true), 'refused');
  assert.equal(outcome(problem(422, 'invalid'), false), 'refused');
  assert.equal(outcome(problem(400, 'malformed'), false), 'refused');
  assert.equal(outcome(foreign(422, 'invalid'), false), 'unknown');
  // A status that does not go with the code, or a code that checkout doesn't have.
  assert.equal(outcome(problem(409, 'malformed'), false), 'unknown');
  assert.equal(outcome(problem(403, 'forbidden'), false), 'unknown');
  assert.equal(outcome(problem(404, 'not-found'), false), 'unknown');
  assert.equal(outcome(problem(302, 'odd'), false), 'unknown');
});

test('waits longer with each try, and as long as the shop asks for', () => {
  const lost = new ConnectionError('gone');
  assert.deepEqual([0, 1, 2, 3, 9].map((tries) => pause(tries, lost)), [2000, 4000, 8000, 15_000, 15_000]);
  assert.equal(pause(0, problem(503, 'unavailable', 30)), 30_000);
});

test('waits five minutes at most, whatever is asked for', () => {
  for (const asked of [301, 9_999_999, 1e20, Infinity]) assert.equal(pause(0, problem(503, 'unavailable', asked)), 300_000);
});
