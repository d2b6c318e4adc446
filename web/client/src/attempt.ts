import type { CallOptions } from './options.ts';
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
  /** Sends it. After a failure it may be called again; calls in parallel share one request. */
  submit(options?: CallOptions): Promise<Created<Value>>;
}

/** A checkout to be made once, however often it is submitted. */
export interface CheckoutAttempt {
  /** The idempotency key of all its requests. */
  readonly key: string;
  readonly request: CheckoutRequest;
  /** Sends it. After a failure it may be called again; calls in parallel share one request. */
  submit(options?: CallOptions): Promise<{ order: Order; replayed: boolean }>;
  /** Returns what {@link CustomerClient.resumeCheckout} goes on from after a reload. */
  toJSON(): CheckoutState;
}

/** A checkout attempt as it is kept over a reload. */
export interface CheckoutState {
  key: string;
  userId: string | null;
  request: CheckoutRequest;
}
