// What stands between a visitor and the API, with faults as tests like them.
import type { BrowserContext, Request, Route } from 'playwright-core';
import { ready, storefrontUrl } from './shop.ts';

/**
 * What becomes of a request: `down` reaches nothing, `lost` is done and its answer doesn't
 * come, a status is answered instead, `delay` answers after so many milliseconds, `spoiled`
 * reaches the API with an access token that it can't take, and `body` is answered instead, as
 * whoever stands between a page and the shop may do: text as HTML, anything else as JSON.
 */
export type Fault =
  | 'down'
  | 'lost'
  | 'spoiled'
  | { status: 429 | 503; retryAfter: number }
  | { delay: number }
  | { status: number; body: unknown };

/** A call of the API, as a page sent it. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly token: string | undefined;
}

export class Network {
  readonly calls: Call[] = [];
  /** Decides about each request; what it returns nothing for goes through. */
  fault: (call: Call) => Fault | undefined = () => undefined;

  static async between(context: BrowserContext): Promise<Network> {
    const network = new Network();
    await context.route(`${ready.api}/**`, (route, request) => network.#handle(route, request));
    return network;
  }

  /** Returns how many calls there were of a method and path. */
  count(method: string, path: string): number {
    return this.calls.filter((it) => it.method === method && it.path === path).length;
  }

  async #handle(route: Route, request: Request): Promise<void> {
    const headers = await request.allHeaders();
    const call = {
      method: request.method(),
      path: new URL(request.url()).pathname,
      token: headers['authorization']?.replace('Bearer ', ''),
    };
    this.calls.push(call);
    const fault = this.fault(call);
    // A page may be gone before its request is answered.
    await this.#answer(route, headers, fault).catch(() => {});
  }

  async #answer(route: Route, headers: Record<string, string>, fault: Fault | undefined): Promise<void> {
    if (fault === undefined) return route.continue();
    if (fault === 'down') return route.abort('connectionrefused');
    if (fault === 'lost') {
      await route.fetch();
      return route.abort('connectionreset');
    }
    if (fault === 'spoiled') return route.continue({ headers: { ...headers, authorization: `${headers['authorization']}x` } });
    if ('delay' in fault) {
      await new Promise((resolve) => setTimeout(resolve, fault.delay));
      return route.continue();
    }
    const cors = {
      'access-control-allow-origin': new URL(storefrontUrl).origin,
      'access-control-expose-headers': 'retry-after',
    };
    if ('body' in fault) {
      const { status, body } = fault;
      const isText = typeof body === 'string';
      const type = isText ? 'text/html' : status < 400 ? 'application/json' : 'application/problem+json';
      return route.fulfill({ status, headers: { ...cors, 'content-type': type }, body: isText ? body : JSON.stringify(body) });
    }
    const { status, retryAfter } = fault;
    const code = status === 429 ? 'rate-limited' : 'unavailable';
    return route.fulfill({
      status,
      headers: {
        'content-type': 'application/problem+json',
        'retry-after': String(retryAfter),
        ...cors,
      },
      body: JSON.stringify({ type: 'about:blank', title: code, status, detail: code, code, requestId: 'none' }),
    });
  }
}
