import type { Client } from 'openapi-fetch';
import type { CallOptions } from './options.ts';
import type { paths } from './schema.ts';
import type { Session } from './session.ts';
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
  /** Signs in, instead of whoever was. */
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

/** Returns what both clients do the same way. */
export function sessionClient(session: Session) {
  return {
    get user() {
      return session.user;
    },
    onUserChange: (listener: (user: User | null) => void) => session.onUserChange(listener),
    restore: (options?: CallOptions) => session.restore(options),
    api: session.api,
    close: () => session.close(),
  };
}

/** Returns what `openapi-fetch` takes of a call's options. */
export function init({ signal }: CallOptions = {}): { signal?: AbortSignal } {
  return signal ? { signal } : {};
}
