import type { Client } from 'openapi-fetch';
import { unwrap } from './answers.ts';
import { newKey } from './attempt.ts';
import type { CallOptions, CreateOptions } from './options.ts';
import type { paths } from './schema.ts';
import type { Realm, Session } from './session.ts';
import type { Credentials, PasswordChange, User } from './types.ts';

/** What customers' and staff's clients have in common. */
export interface SessionClient {
  /** Who is signed in, as far as is known here. */
  readonly user: User | null;
  /**
   * Calls back when somebody signs in or out, here or in another tab, or the
   * session dies. Returns what ends that.
   */
  onUserChange(listener: (user: User | null) => void): () => void;
  /** Takes over the session of another tab or of the token store, if there is one. */
  restore(options?: CallOptions): Promise<User | null>;
  /**
   * Signs in, instead of whoever was. Rejects with `SessionEnded` if another
   * sign-in, or a sign-out, is asked for before the shop has answered.
   */
  signIn(credentials: Credentials, options?: CallOptions): Promise<User>;
  /**
   * Signs out: here and in all tabs at once; the promise tells whether the shop
   * heard of it. With `everywhere` on all devices, and here only once the shop
   * has done it.
   */
  signOut(options?: CallOptions & { everywhere?: boolean | undefined }): Promise<void>;
  /** Changes the password, which ends the user's other sessions. */
  changePassword(passwords: PasswordChange, options?: CallOptions): Promise<void>;
  /** The typed `openapi-fetch` client with the session attached, for anything else. */
  readonly api: Client<paths>;
  /** Ends all calls and lets go of the other tabs. Nobody is signed out. */
  close(): void;
}

/** Returns what both clients do the same way, each by the routes of its realm. */
export function sessionClient(session: Session, realm: Realm) {
  const { api } = session;
  return {
    get user() {
      return session.user;
    },
    onUserChange: (listener: (user: User | null) => void) => session.onUserChange(listener),
    restore: (options?: CallOptions) => session.restore(options),
    async signIn({ email, password, device }: Credentials, options?: CallOptions) {
      const body = { email, password, ...(device && { device }) };
      return session.signIn(unwrap(api.POST(realm.login, { body, ...call(options) })));
    },
    async signOut({ everywhere, ...options }: CallOptions & { everywhere?: boolean | undefined } = {}) {
      if (!everywhere) return session.signOut(options);
      await unwrap(api.POST(realm.logout, { body: { everywhere }, ...call(options) }));
      session.end();
    },
    async changePassword(body: PasswordChange, options?: CallOptions) {
      await unwrap(api.PUT(realm.password, { body, ...call(options) }));
    },
    api,
    close: () => session.close(),
  };
}

/** Returns what `openapi-fetch` takes: the call's parameters and its options. */
export function call<Params = NonNullable<unknown>>({ signal }: CallOptions = {}, params = {} as Params) {
  return { params, ...(signal && { signal }) };
}

/** Returns what `openapi-fetch` takes for a call with an idempotency key: the caller's or a new one. */
export function keyed<Params = NonNullable<unknown>>(
  { idempotencyKey = newKey(), ...options }: CreateOptions = {},
  params = {} as Params,
) {
  return call(options, { ...params, header: { 'Idempotency-Key': idempotencyKey } });
}

/** Returns the parameters of a call that changes the version which was read. */
export function ofVersion<Path>(path: Path, version: number) {
  return { path, header: { 'If-Match': `"${version}"` } };
}
