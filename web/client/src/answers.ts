import { ConnectionError, ShopProblem } from './errors.ts';
import { secondsToWait } from './transport.ts';
import type { FieldError, Money, ProblemCode } from './types.ts';

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

/** What a problem may tell, before it has been looked at. */
type Told = Partial<Record<'code' | 'title' | 'detail' | 'requestId' | 'errors' | 'total' | 'products', unknown>>;

/** Returns the problem that an answer tells of: only what is known, and has the type that it should have. */
function problemOf(document: unknown, response: Response): ShopProblem {
  const { status, statusText, headers } = response;
  const retryAfter = secondsToWait(headers, undefined);
  const told = (document ?? {}) as Told;
  const { requestId, errors } = told;
  const title = textOr(told.title, statusText || `Status ${status}`);
  if (!isProblem(told)) {
    const code = GATEWAY_CODES[status] ?? (status < 500 ? 'malformed' : 'internal');
    return new ShopProblem({ title, status, code, detail: 'The gateway answered, not the shop.' }, retryAfter);
  }
  const problem = {
    title,
    status,
    code: told.code,
    detail: textOr(told.detail, title),
    errors: isListOf(errors, isFieldError) ? errors : [],
    ...(typeof requestId === 'string' && { requestId }),
    ...(told.code === 'price-changed' && { total: told.total }),
    ...(told.code === 'out-of-stock' && { products: told.products }),
  };
  return new ShopProblem(problem, retryAfter);
}

/** Tells whether a problem is one of the shop's, with what its code promises. */
function isProblem(told: Told): told is Told & { code: ProblemCode } {
  const { code, total, products } = told;
  if (code === 'price-changed') return isMoney(total);
  if (code === 'out-of-stock') return isListOf(products, (it) => typeof it === 'string');
  return typeof code === 'string' && code !== '';
}

function textOr(text: unknown, fallback: string): string {
  return typeof text === 'string' ? text : fallback;
}

function isListOf<Item>(list: unknown, isItem: (item: unknown) => item is Item): list is Item[] {
  return Array.isArray(list) && list.every(isItem);
}

function isFieldError(it: unknown): it is FieldError {
  const { pointer, detail } = (it ?? {}) as Partial<FieldError>;
  return typeof pointer === 'string' && typeof detail === 'string';
}

function isMoney(it: unknown): it is Money {
  const { amount, currency } = (it ?? {}) as Partial<Money>;
  return Number.isSafeInteger(amount) && typeof currency === 'string';
}
