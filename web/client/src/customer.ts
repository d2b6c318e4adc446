import { unwrap, unwrapCreated } from './answers.ts';
import { type CheckoutAttempt, type CheckoutState, frozen, newKey, once, readCheckoutState } from './attempt.ts';
import { call, keyed, type SessionClient, sessionClient } from './client.ts';
import { type Listing, listing } from './listing.ts';
import type { CallOptions, ClientOptions } from './options.ts';
import { Session } from './session.ts';
import type {
  Cart,
  Category,
  CheckoutRequest,
  Order,
  OrderFilter,
  Product,
  ProductCard,
  ProductFilter,
  Registration,
  User,
} from './types.ts';

/** A customer's shop. */
export interface CustomerClient extends SessionClient {
  /** Makes an account and signs in to it. */
  register(account: Registration, options?: CallOptions): Promise<User>;
  readonly products: {
    list(filter?: ProductFilter, options?: CallOptions): Listing<ProductCard>;
    get(productId: string, options?: CallOptions): Promise<Product>;
  };
  readonly categories: {
    /** Lists all categories, in the order of their slugs. */
    list(options?: CallOptions): Promise<Category[]>;
  };
  readonly cart: {
    get(options?: CallOptions): Promise<Cart>;
    setItem(productId: string, quantity: number, options?: CallOptions): Promise<Cart>;
    /** Removes a line; that there is none is no error. */
    removeItem(productId: string, options?: CallOptions): Promise<void>;
  };
  /** Prepares a checkout of the cart. Nothing is sent before `submit`. */
  checkout(request: CheckoutRequest): CheckoutAttempt;
  /** Goes on with a checkout that was kept over a reload, by its `toJSON()`. */
  resumeCheckout(state: unknown): CheckoutAttempt;
  readonly orders: {
    /** Lists the customer's orders, the newest first. */
    list(filter?: OrderFilter, options?: CallOptions): Listing<Order>;
    get(orderId: string, options?: CallOptions): Promise<Order>;
    /** Cancels an order that is not shipped yet; `invalid-transition` if it can't be any more, or is. */
    cancel(orderId: string, options?: CallOptions): Promise<Order>;
  };
}

const REALM = {
  name: 'customer',
  login: '/api/auth/login',
  refresh: '/api/auth/refresh',
  logout: '/api/auth/logout',
  password: '/api/account/password',
} as const;

/** Makes a customer's client. */
export function createCustomerClient(options: ClientOptions): CustomerClient {
  const session = new Session(REALM, options);
  const { api } = session;

  function attempt({ key, userId, request: given }: CheckoutState): CheckoutAttempt {
    const request = frozen(given);
    const owner = { userId };
    // Made as the page came up, it is of who turns out to be there.
    let isKnown = false;
    const bind = () => {
      if (!isKnown) owner.userId ??= session.user?.userId ?? null;
    };
    void session.known(undefined).then(bind, () => {}).finally(() => {
      isKnown = true;
    });
    const submit = once(session, owner, async (signal) => {
      const sent = api.POST('/api/checkout', { body: request, ...keyed({ idempotencyKey: key, signal }) });
      const { value, replayed } = await unwrapCreated(sent);
      return { order: value, replayed };
    });
    function toJSON(): CheckoutState {
      bind();
      return { key, userId: owner.userId, request };
    }
    return { key, request, submit, toJSON };
  }

  function checkout(request: CheckoutRequest): CheckoutAttempt {
    return attempt({ key: newKey(), userId: session.user?.userId ?? null, request });
  }

  const client = {
    async register(body, options) {
      return session.signIn(unwrap(api.POST('/api/auth/register', { body, ...call(options) })));
    },
    products: {
      list: (filter, options) =>
        listing((at) => unwrap(api.GET('/api/products', call(options, { query: { ...filter, ...at } })))),
      get: (productId, options) =>
        unwrap(api.GET('/api/products/{productId}', call(options, { path: { productId } }))),
    },
    categories: {
      list: async (options) => (await unwrap(api.GET('/api/categories', call(options)))).items,
    },
    cart: {
      get: (options) => unwrap(api.GET('/api/cart', call(options))),
      setItem: (productId, quantity, options) =>
        unwrap(
          api.PUT('/api/cart/items/{productId}', { body: { quantity }, ...call(options, { path: { productId } }) }),
        ),
      async removeItem(productId, options) {
        await unwrap(api.DELETE('/api/cart/items/{productId}', call(options, { path: { productId } })));
      },
    },
    checkout,
    resumeCheckout: (state) => attempt(readCheckoutState(state)),
    orders: {
      list: (filter, options) =>
        listing((at) => unwrap(api.GET('/api/orders', call(options, { query: { ...filter, ...at } })))),
      get: (orderId, options) =>
        unwrap(api.GET('/api/orders/{orderId}', call(options, { path: { orderId } }))),
      cancel: (orderId, options) =>
        unwrap(api.POST('/api/orders/{orderId}/cancel', call(options, { path: { orderId } }))),
    },
  } satisfies Omit<CustomerClient, keyof ReturnType<typeof sessionClient>>;
  // Not spread: `user` is read anew each time.
  return Object.assign(sessionClient(session, REALM), client);
}
