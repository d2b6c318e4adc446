import type { TokenStore } from './stores.ts';

/** How a client is made. */
export interface ClientOptions {
  /** Where the shop's API is, such as `https://api.shop.example`; without `/api`. */
  baseUrl: string;
  /** Where the refresh token is kept. Default: {@link memoryTokenStore}. */
  tokenStore?: TokenStore | undefined;
  /** Sends one request. Default: the platform's `fetch`. */
  fetch?: ((request: Request) => Promise<Response>) | undefined;
  /** Ends every call under way, and all later ones. */
  signal?: AbortSignal | undefined;
  /**
   * Shares one session with the other tabs of this origin. Default: true in
   * pages, false elsewhere. Never set it in a process that serves several people.
   */
  shareBetweenTabs?: boolean | undefined;
  retry?: RetryOptions | undefined;
  /** How many milliseconds one request may take. Default: 15 000. */
  timeout?: number | undefined;
}

/** How often what may be repeated is repeated. */
export interface RetryOptions {
  /** How often one call is sent at most. Default: 3. */
  attempts?: number | undefined;
  /** For how many milliseconds all waiting together may last. Default: 20 000. */
  budget?: number | undefined;
}

/** What any call takes. */
export interface CallOptions {
  /** Cancels the call: it rejects with the signal's reason, an `AbortError` by default. */
  signal?: AbortSignal | undefined;
}

/** What a call takes that makes something. */
export interface CreateOptions extends CallOptions {
  /** Makes the call one with an earlier one of the same key. Default: a new key. */
  idempotencyKey?: string | undefined;
}
