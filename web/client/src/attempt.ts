import { SessionEnded } from './errors.ts';
import type { CallOptions, CreateOptions } from './options.ts';
import type { Session } from './session.ts';
import { withSignal } from './signals.ts';
import type { CheckoutRequest, Order } from './types.ts';

/** What was made, and whether an earlier request with the same key had made it. */
export interface Created<Value> {
  value: Value;
  replayed: boolean;
}

/** Something to be made once, however often it is submitted. */
export interface Attempt<Value> {
  /** The idempotency key of all its requests. */
  readonly key: string;
  /**
   * Sends it. After a failure it may be called again; calls in parallel share one
   * request. It is of who is signed in at the first time: for others it rejects
   * with `SessionEnded`.
   */
  submit(options?: CallOptions): Promise<Created<Value>>;
}

/** A checkout to be made once, however often it is submitted. */
export interface CheckoutAttempt {
  /** The idempotency key of all its requests. */
  readonly key: string;
  /** A copy of what was asked for. It can't be changed. */
  readonly request: CheckoutRequest;
  /**
   * Sends it. After a failure it may be called again; calls in parallel share one
   * request. It is of who was signed in as it was made, or else at the first time:
   * for others it rejects with `SessionEnded`.
   */
  submit(options?: CallOptions): Promise<{ order: Order; replayed: boolean }>;
  /** Returns what {@link CustomerClient.resumeCheckout} goes on from after a reload. */
  toJSON(): CheckoutState;
}

/** A checkout attempt as it is kept over a reload. */
export interface CheckoutState {
  key: string;
  /** Whose it is; null if nobody was signed in. */
  userId: string | null;
  request: CheckoutRequest;
}

/** A request that several wait for. */
interface Running<Value> {
  result: Promise<Value>;
  controller: AbortController;
  waiting: number;
}

/** Whose an attempt is, once that is known. */
export interface Owner {
  userId: string | null;
}

/**
 * Lets calls in parallel share one request, which ends when nobody waits for it
 * any more. Neither the request nor its answer is for others than the owner.
 */
export function once<Value>(
  session: Session,
  owner: Owner,
  send: (signal: AbortSignal) => Promise<Value>,
): (options?: CallOptions) => Promise<Value> {
  let current: Running<Value> | undefined;
  const forget = (running: Running<Value>) => {
    if (current === running) current = undefined;
  };
  function begin(): Running<Value> {
    const controller = new AbortController();
    const running = { result: session.within(controller.signal, send), controller, waiting: 0 };
    // What has succeeded is kept: there is nothing to do again.
    running.result.catch(() => forget(running));
    return running;
  }
  return async ({ signal } = {}) => {
    await session.known(signal);
    signal?.throwIfAborted();
    const user = session.user?.userId ?? null;
    owner.userId ??= user;
    if (user !== owner.userId) throw new SessionEnded();
    const running = (current ??= begin());
    running.waiting++;
    try {
      return await withSignal(running.result, signal);
    } finally {
      if (--running.waiting === 0 && signal?.aborted) {
        forget(running);
        running.controller.abort();
      }
    }
  };
}

/** Makes an attempt of a call that takes a key. */
export function attempt<Body, Value>(
  session: Session,
  body: Body,
  send: (body: Body, options: CreateOptions) => Promise<Created<Value>>,
): Attempt<Value> {
  const key = newKey();
  const copy = structuredClone(body);
  return { key, submit: once(session, { userId: null }, (signal) => send(copy, { idempotencyKey: key, signal })) };
}

/** Returns a new idempotency key. */
export function newKey(): string {
  return crypto.randomUUID();
}

/** Reads what {@link CheckoutAttempt.toJSON} gave, in whatever form it was kept. */
export function readCheckoutState(kept: unknown): CheckoutState {
  const state: unknown = typeof kept === 'string' ? JSON.parse(kept) : kept;
  const { key, userId, request } = (state ?? {}) as Partial<CheckoutState>;
  const isUser = userId === null || typeof userId === 'string';
  const isRequest = typeof request === 'object' && request !== null && !Array.isArray(request);
  if (typeof key !== 'string' || key === '' || !isUser || !isRequest) {
    throw new TypeError('This is not what a checkout attempt was kept as.');
  }
  return { key, userId, request };
}

/** Returns a copy that nobody can change. */
export function frozen<Value>(value: Value): Value {
  return freeze(structuredClone(value));
}

function freeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(freeze);
  return Object.freeze(value);
}
