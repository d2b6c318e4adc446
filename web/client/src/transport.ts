import { ConnectionError } from './errors.ts';
import type { ClientOptions } from './options.ts';
import { sleep, underSignals } from './signals.ts';

/** The first wait before an unanswered call is repeated, in milliseconds. It doubles each time. */
const BACKOFF = 250;
/** No wait is longer, in seconds: what is told beyond it is a fault, and timers can't count it. */
const LONGEST_WAIT = 86_400;
/** What the shop or its gateway answers when it can't right now. */
const PASSING = new Set([429, 502, 503, 504]);
const WITHOUT_BODY = new Set([204, 205, 304]);

/** How one call is sent. */
export interface Sending {
  /** The access token to send it with. */
  token?: string | undefined;
  signal?: AbortSignal | undefined;
  /** Whether it may be sent again though the shop may have done it. Default: by its method and key. */
  repeatable?: boolean;
}

/** Sends requests: with a limit of time, and again where that does no harm. */
export class Transport {
  readonly #fetch: (request: Request) => Promise<Response>;
  readonly #timeout: number;
  readonly #attempts: number;
  readonly #budget: number;

  constructor(options: ClientOptions) {
    // Not a method of the options: browsers want `fetch` called without `this`.
    const { fetch } = options;
    this.#fetch = fetch ? (request) => fetch(request) : (request) => globalThis.fetch(request);
    this.#timeout = options.timeout ?? 15_000;
    this.#attempts = options.retry?.attempts ?? 3;
    this.#budget = options.retry?.budget ?? 20_000;
  }

  /**
   * Runs something again while it fails without an answer or for a passing
   * reason: after the shop's Retry-After, or after a wait that grows.
   */
  async repeat(
    run: () => Promise<Response>,
    signal: AbortSignal,
    mayRepeat: (response: Response) => boolean = (response) => PASSING.has(response.status),
  ): Promise<Response> {
    const begun = performance.now();
    for (let attempt = 1; ; attempt++) {
      let wait = Math.min(BACKOFF * 2 ** (attempt - 1) * (0.5 + Math.random()), LONGEST_WAIT * 1000);
      const outcome = await run().catch((error: unknown) => {
        if (error instanceof ConnectionError) return error;
        throw error;
      });
      const failed = outcome instanceof ConnectionError;
      if (!failed) wait = secondsToWait(outcome.headers, wait / 1000) * 1000;
      const over = performance.now() - begun + wait > this.#budget;
      if (attempt >= this.#attempts || over || !(failed || mayRepeat(outcome))) {
        if (failed) throw outcome;
        return outcome;
      }
      await sleep(wait, signal);
    }
  }

  /** Sends a request and reads all of its answer. */
  send(request: Request, sending: Sending = {}): Promise<Response> {
    return underSignals([request.signal, sending.signal], async (signal) => {
      const headers = new Headers(request.headers);
      if (sending.token) headers.set('Authorization', `Bearer ${sending.token}`);
      const body = /^(GET|HEAD)$/.test(request.method) ? null : (await request.clone().text()) || null;
      // The shop redirects nobody, and whoever does gets neither token nor body.
      // Of a copy: Chromium takes the body of the original for used, so that it could not be sent again.
      const copy = (limited: AbortSignal) => new Request(request.clone(), { headers, body, signal: limited, redirect: 'error' });
      const once = () => this.once(copy, signal);
      const repeatable = sending.repeatable ?? isRepeatable(request);
      return repeatable ? await this.repeat(once, signal) : await once();
    });
  }

  /** Sends a request once and reads all of its answer, so that a broken one is noticed here. */
  once(
    request: (signal: AbortSignal) => Request,
    signal: AbortSignal | undefined,
    timeout = this.#timeout,
  ): Promise<Response> {
    return underSignals([signal], async (limited, abort) => {
      const late = () => abort(new DOMException(`No answer within ${timeout} ms`, 'TimeoutError'));
      const timer = setTimeout(late, Math.min(timeout, LONGEST_WAIT * 1000));
      const sent = request(limited);
      try {
        const response = await this.#fetch(sent);
        const body = await response.arrayBuffer();
        const { status, statusText, headers } = response;
        return new Response(WITHOUT_BODY.has(status) ? null : body, { status, statusText, headers });
      } catch (error) {
        signal?.throwIfAborted();
        throw new ConnectionError(limited.aborted ? limited.reason : error);
      } finally {
        clearTimeout(timer);
      }
    });
  }
}

/** Tells whether a request that may have been done may be sent again. */
function isRepeatable(request: Request): boolean {
  if (request.headers.has('Idempotency-Key')) return true;
  // Another change of a password would count as a wrong guess of the old one.
  if (request.url.endsWith('/password')) return false;
  return ['GET', 'HEAD', 'PUT', 'DELETE'].includes(request.method);
}

/** Reads Retry-After, in seconds. The shop never gives a date. */
export function secondsToWait<Fallback>(headers: Headers, fallback: Fallback): number | Fallback {
  const text = headers.get('Retry-After');
  return text !== null && /^\d+$/.test(text) ? Math.min(Number(text), LONGEST_WAIT) : fallback;
}
