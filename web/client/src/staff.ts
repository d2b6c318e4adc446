import { unwrap, unwrapCreated } from './answers.ts';
import { type Attempt, attempt, type Created, newKey } from './attempt.ts';
import { call, keyed, ofVersion, type SessionClient, sessionClient } from './client.ts';
import { type Listing, listing } from './listing.ts';
import type { CallOptions, ClientOptions, CreateOptions } from './options.ts';
import { Session } from './session.ts';
import type {
  AuditEntry,
  AuditFilter,
  CategoryInput,
  CustomerRecord,
  CustomerSearch,
  Invitation,
  InvitationAcceptance,
  InvitedUser,
  NewProduct,
  OrderChange,
  PictureType,
  ProductChange,
  StaffCategory,
  StaffOrder,
  StaffOrderFilter,
  StaffOrderSummary,
  StaffProduct,
  StaffProductCard,
  StaffProductFilter,
  StaffUser,
  StockChange,
  StockLevel,
  Upload,
  UploadState,
  UserChange,
  UserFilter,
} from './types.ts';
import { postForm, type Progress, refusalOf } from './upload.ts';

/** The shop as its staff sees it. */
export interface StaffClient extends SessionClient {
  /** Accepts an invitation and sets the account's password. Signs nobody in. */
  acceptInvitation(invitation: InvitationAcceptance, options?: CallOptions): Promise<void>;
  readonly products: {
    /** Lists all products, drafts too, the newest first. */
    list(filter?: StaffProductFilter, options?: CallOptions): Listing<StaffProductCard>;
    get(productId: string, options?: CallOptions): Promise<StaffProduct>;
    create(product: NewProduct, options?: CreateOptions): Promise<Created<StaffProduct>>;
    /** Prepares a product that is made once, however often it is submitted. */
    attempt(product: NewProduct): Attempt<StaffProduct>;
    /** Changes the version that was read. If that is not the latest, or the SKU is another product's: `conflict`. */
    update(productId: string, change: ProductChange, version: number, options?: CallOptions): Promise<StaffProduct>;
    /** Sets or adjusts the stock; `conflict` if it would fall below zero. */
    setStock(productId: string, change: StockChange, options?: CreateOptions): Promise<Created<StockLevel>>;
    /** Prepares a change of the stock that is done once, however often it is submitted. */
    stockAttempt(productId: string, change: StockChange): Attempt<StockLevel>;
    /** Deletes a product; that it is deleted already is no error for a day. */
    delete(productId: string, options?: CallOptions): Promise<void>;
    deleteImage(productId: string, imageId: string, options?: CallOptions): Promise<void>;
  };
  readonly categories: {
    /**
     * Makes the category of a slug, or changes it: what stood there is replaced. With the
     * `version` that was read (0: none), another one that stands there is a `conflict`.
     */
    save(slug: string, category: CategoryInput, options?: CallOptions): Promise<StaffCategory>;
    /** Deletes a category that nothing uses; else `conflict`. */
    delete(slug: string, options?: CallOptions): Promise<void>;
  };
  readonly uploads: {
    /** Sends a picture of a product to the bucket, by the form that the shop gives for it. */
    send(productId: string, picture: Blob, options?: UploadOptions): Promise<SentUpload>;
    /** Tells what became of an upload. */
    get(uploadId: string, options?: CallOptions): Promise<UploadState>;
  };
  readonly orders: {
    /** Lists everybody's orders, the newest first. */
    list(filter?: StaffOrderFilter, options?: CallOptions): Listing<StaffOrderSummary>;
    get(userId: string, orderId: string, options?: CallOptions): Promise<StaffOrder>;
    /**
     * Changes the version that was read. If that is not the latest: `conflict`; if the
     * order doesn't move that way: `invalid-transition`.
     */
    update(userId: string, orderId: string, change: OrderChange, version: number, options?: CallOptions): Promise<StaffOrder>;
  };
  readonly customers: {
    /** Finds a customer. Each search is a record of the audit log, with its reason. */
    search(search: CustomerSearch, options?: CallOptions): Promise<CustomerRecord>;
  };
  readonly users: {
    /** Lists the staff, or the customers with `role: 'customer'`. */
    list(filter?: UserFilter, options?: CallOptions): Listing<StaffUser>;
    /** Invites someone. The invitation's token is shown once: a replayed answer has none. */
    create(invitation: Invitation, options?: CreateOptions): Promise<Created<InvitedUser>>;
    /** Prepares an invitation that is made once, however often it is submitted. */
    attempt(invitation: Invitation): Attempt<InvitedUser>;
    /** Changes role or status of the version that was read. If that is not the latest: `conflict`. */
    update(userId: string, change: UserChange, version: number, options?: CallOptions): Promise<StaffUser>;
  };
  readonly audit: {
    /** Lists who did what, the newest first: of a day, or by an actor, or to a target. */
    list(filter?: AuditFilter, options?: CallOptions): Listing<AuditEntry>;
  };
}

/** An upload that was sent, and what has come of it so far. */
export type SentUpload = Pick<Upload, 'uploadId' | 'status'>;

export interface UploadOptions extends CreateOptions {
  /** Called as bytes leave; outside of browsers at the begin and the end only. */
  onProgress?: Progress | undefined;
}

const REALM = {
  name: 'staff',
  login: '/api/admin/login',
  refresh: '/api/admin/refresh',
  logout: '/api/admin/logout',
  password: '/api/admin/password',
} as const;

/** Makes a client of the staff. */
export function createStaffClient(options: ClientOptions): StaffClient {
  const session = new Session(REALM, options);
  const { api, transport } = session;

  function createProduct(body: NewProduct, options?: CreateOptions) {
    return unwrapCreated(api.POST('/api/admin/products', { body, ...keyed(options) }));
  }

  function setStock({ productId, change }: { productId: string; change: StockChange }, options?: CreateOptions) {
    const params = keyed(options, { path: { productId } });
    return unwrapCreated(api.PUT('/api/admin/products/{productId}/stock', { body: change, ...params }));
  }

  function createUser(body: Invitation, options?: CreateOptions) {
    return unwrapCreated(api.POST('/api/admin/users', { body, ...keyed(options) }));
  }

  async function sendPicture(productId: string, picture: Blob, options: UploadOptions = {}): Promise<SentUpload> {
    const { idempotencyKey = newKey(), onProgress = () => {} } = options;
    // The shop says what it takes if the type is none of those.
    const contentType = picture.type as PictureType;
    const body = { productId, contentType, contentLength: picture.size };
    let sent: SentUpload | undefined;
    return session.within(options.signal, async (signal) => {
      const post = async () => {
        // Asked for again under its key, it is the same upload, with a form that is good anew.
        const upload = await unwrap(api.POST('/api/admin/uploads', { body, ...keyed({ idempotencyKey, signal }) }));
        const { uploadId, status } = upload;
        sent = { uploadId, status };
        if (upload.status !== 'pending') return new Response();
        return postForm(transport, upload, picture, onProgress, signal);
      };
      // The bucket forbids a form that is too old.
      const mayRepeat = ({ status }: Response) => status === 403 || status >= 500;
      const response = await transport.repeat(post, signal, mayRepeat);
      if (!response.ok) throw await refusalOf(response);
      return sent as SentUpload;
    });
  }

  const client = {
    async acceptInvitation(body, options) {
      await unwrap(api.POST('/api/admin/accept-invite', { body, ...call(options) }));
    },
    products: {
      list: (filter, options) =>
        listing((at) => unwrap(api.GET('/api/admin/products', call(options, { query: { ...filter, ...at } })))),
      get: (productId, options) =>
        unwrap(api.GET('/api/admin/products/{productId}', call(options, { path: { productId } }))),
      create: createProduct,
      attempt: (product) => attempt(session, product, createProduct),
      update: (productId, body, version, options) =>
        unwrap(
          api.PATCH('/api/admin/products/{productId}', { body, ...call(options, ofVersion({ productId }, version)) }),
        ),
      setStock: (productId, change, options) => setStock({ productId, change }, options),
      stockAttempt: (productId, change) => attempt(session, { productId, change }, setStock),
      async delete(productId, options) {
        await unwrap(api.DELETE('/api/admin/products/{productId}', call(options, { path: { productId } })));
      },
      async deleteImage(productId, imageId, options) {
        const params = call(options, { path: { productId, imageId } });
        await unwrap(api.DELETE('/api/admin/products/{productId}/images/{imageId}', params));
      },
    },
    categories: {
      save: (slug, body, options) =>
        unwrap(api.PUT('/api/admin/categories/{slug}', { body, ...call(options, { path: { slug } }) })),
      async delete(slug, options) {
        await unwrap(api.DELETE('/api/admin/categories/{slug}', call(options, { path: { slug } })));
      },
    },
    uploads: {
      send: sendPicture,
      get: (uploadId, options) =>
        unwrap(api.GET('/api/admin/uploads/{uploadId}', call(options, { path: { uploadId } }))),
    },
    orders: {
      list: (filter, options) =>
        listing((at) => unwrap(api.GET('/api/admin/orders', call(options, { query: { ...filter, ...at } })))),
      get: (userId, orderId, options) =>
        unwrap(api.GET('/api/admin/orders/{userId}/{orderId}', call(options, { path: { userId, orderId } }))),
      update: (userId, orderId, body, version, options) =>
        unwrap(
          api.PATCH('/api/admin/orders/{userId}/{orderId}', {
            body,
            ...call(options, ofVersion({ userId, orderId }, version)),
          }),
        ),
    },
    customers: {
      search: (body, options) => unwrap(api.POST('/api/admin/customers/search', { body, ...call(options) })),
    },
    users: {
      list: (filter, options) =>
        listing((at) => unwrap(api.GET('/api/admin/users', call(options, { query: { ...filter, ...at } })))),
      create: createUser,
      attempt: (invitation) => attempt(session, invitation, createUser),
      update: (userId, body, version, options) =>
        unwrap(
          api.PATCH('/api/admin/users/{userId}', { body, ...call(options, ofVersion({ userId }, version)) }),
        ),
    },
    audit: {
      list: (filter, options) =>
        listing((at) => unwrap(api.GET('/api/admin/audit', call(options, { query: { ...filter, ...at } })))),
    },
  } satisfies Omit<StaffClient, keyof ReturnType<typeof sessionClient>>;
  // Not spread: `user` is read anew each time.
  return Object.assign(sessionClient(session, REALM), client);
}
