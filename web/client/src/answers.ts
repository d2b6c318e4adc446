import { ConnectionError, ShopProblem, type ToldProblem } from './errors.ts';
import { secondsToWait } from './transport.ts';
import type { ProblemCode } from './types.ts';

/** What the gateway's own refusals mean, which are no documents of the shop. */
const GATEWAY_CODES: Readonly<Record<number, ProblemCode>> = {
  400: 'malformed',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not-found',
  413: 'payload-too-large',
  429: 'rate-limited',
  502: 'unavailable',
  503: 'unavailable',
  504: 'unavailable',
};

/** What `openapi-fetch` answers. */
interface Answer<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

/** Returns what was asked for, or throws the problem. */
export async function unwrap<Data>(call: Promise<Answer<Data>>): Promise<Data> {
  return (await unwrapAnswer(call)).data;
}

/** Returns what was made, and whether an earlier request had made it. */
export async function unwrapCreated<Data>(call: Promise<Answer<Data>>): Promise<{ value: Data; replayed: boolean }> {
  const { data, response } = await unwrapAnswer(call);
  return { value: data, replayed: response.headers.get('Idempotent-Replayed') === 'true' };
}

async function unwrapAnswer<Data>(call: Promise<Answer<Data>>): Promise<{ data: Data; response: Response }> {
  const { data, error, response } = await call.catch(notTheShop);
  if (!response.ok) throw problemOf(error, response);
  return { data: data as Data, response };
}

/** Returns the JSON of an answer, or throws the problem that it tells of. */
export async function readJson(response: Response): Promise<unknown> {
  if (response.ok) return response.json().catch(notTheShop);
  throw problemOf(await response.json().catch(() => null), response);
}

/** Takes what is no JSON for a page of whoever else answers at that address. */
function notTheShop(thrown: unknown): never {
  if (thrown instanceof SyntaxError) throw new ConnectionError(thrown, 'What answered is not the shop.');
  throw thrown;
}

/** Returns the problem that an answer tells of. */
function problemOf(document: unknown, response: Response): ShopProblem {
  const { status, headers } = response;
  const retryAfter = secondsToWait(headers, undefined);
  if (isProblem(document)) return new ShopProblem(document, retryAfter);
  const title = response.statusText || `Status ${status}`;
  const code = GATEWAY_CODES[status] ?? (status < 500 ? 'malformed' : 'internal');
  const detail = 'The gateway answered, not the shop.';
  return new ShopProblem({ title, status, detail, code }, retryAfter);
}

function isProblem(document: unknown): document is ToldProblem {
  return typeof document === 'object' && document !== null && 'code' in document && 'status' in document;
}
