import type { Client } from 'openapi-fetch';
import type { Attempt, CheckoutAttempt, Created } from './attempt.ts';
import type { Listing } from './listing.ts';
import type { CallOptions, ClientOptions, CreateOptions } from './options.ts';
import type { paths } from './schema.ts';
import type {
  AuditEntry, Cart, CheckoutRequest, Invitation, InvitedUser, NewProduct, Order, OrderStatus, Product,
  ProductCard, Role, StaffProduct, StaffUser, Upload, User, UserChange, UserStatus,
} from './types.ts';

/** What customers' and staff's clients have in common. */
export interface SessionClient {
  /** Who is signed in, as far as is known here. */
  readonly user: User | null;
  /** Calls back when somebody signs in or out, in another tab too, or the session dies. Returns what ends it. */
  onUserChange(listener: (user: User | null) => void): () => void;
  /** Takes over the session of another tab or of the token store, if there is one. */
  restore(options?: CallOptions): Promise<User | null>;
  signIn(credentials: { email: string; password: string; device?: string }, options?: CallOptions): Promise<User>;
  /** Signs out here and in all tabs at once; the promise tells whether the shop heard of it. `everywhere`: on all devices, and only once the shop has done it. */
  signOut(options?: { everywhere?: boolean } & CallOptions): Promise<void>;
  changePassword(passwords: { currentPassword: string; newPassword: string }, options?: CallOptions): Promise<void>;
  /** The typed `openapi-fetch` client with the session attached, for anything else. */
  readonly api: Client<paths>;
  /** Ends all calls and lets go of the other tabs. The session stays in the token store. */
  close(): void;
}

/** A customer's shop. */
export interface CustomerClient extends SessionClient {
  register(account: { email: string; password: string; name: string; phone?: string }, options?: CallOptions): Promise<User>;
  readonly products: {
    list(filter?: { category?: string; sort?: 'newest' | 'price' | '-price' | 'name'; limit?: number }, options?: CallOptions): Listing<ProductCard>;
    get(productId: string, options?: CallOptions): Promise<Product>;
  };
  readonly cart: {
    get(options?: CallOptions): Promise<Cart>;
    setItem(productId: string, quantity: number, options?: CallOptions): Promise<Cart>;
    removeItem(productId: string, options?: CallOptions): Promise<void>;
  };
  /** Prepares a checkout of the cart. Nothing is sent before `submit`. */
  checkout(request: CheckoutRequest): CheckoutAttempt;
  /** Goes on with a checkout that was kept over a reload. */
  resumeCheckout(state: unknown): CheckoutAttempt;
  readonly orders: {
    list(filter?: { status?: OrderStatus; limit?: number }, options?: CallOptions): Listing<Order>;
    get(orderId: string, options?: CallOptions): Promise<Order>;
  };
}

/** The shop as its staff sees it. */
export interface StaffClient extends SessionClient {
  acceptInvitation(invitation: { token: string; password: string }, options?: CallOptions): Promise<void>;
  readonly products: {
    create(product: NewProduct, options?: CreateOptions): Promise<Created<StaffProduct>>;
    /** Prepares a product that is made once however often it is submitted. */
    attempt(product: NewProduct): Attempt<StaffProduct>;
  };
  readonly uploads: {
    /** Sends a picture of a product to the bucket. */
    send(productId: string, picture: Blob, options?: UploadOptions): Promise<Upload>;
  };
  readonly users: {
    list(filter?: { role?: Role; status?: UserStatus; limit?: number }, options?: CallOptions): Listing<StaffUser>;
    create(invitation: Invitation, options?: CreateOptions): Promise<Created<InvitedUser>>;
    /** Prepares an invitation that is made once however often it is submitted. */
    attempt(invitation: Invitation): Attempt<InvitedUser>;
    /** Changes role or status of the version that was read; another version is a `conflict`. */
    update(userId: string, change: UserChange, version: number, options?: CallOptions): Promise<StaffUser>;
  };
  readonly audit: {
    list(filter?: { day?: string; actor?: string; target?: string; limit?: number }, options?: CallOptions): Listing<AuditEntry>;
  };
}

export interface UploadOptions extends CreateOptions {
  /** Called as bytes leave; in Node at the begin and the end only. */
  onProgress?: ((sent: number, total: number) => void) | undefined;
}

/** Makes a customer's client. */
export function createCustomerClient(options: ClientOptions): CustomerClient {
  throw new Error(`not there yet: ${options.baseUrl}`);
}

/** Makes a client of the staff. */
export function createStaffClient(options: ClientOptions): StaffClient {
  throw new Error(`not there yet: ${options.baseUrl}`);
}
