import { tabStorage } from './storage.ts';

/** Where a client keeps its refresh token. */
export interface TokenStore {
  /** Returns what is kept under a key, which names the shop and whether it is for customers or staff. */
  get(key: string): string | null | Promise<string | null>;
  /** Keeps a token, or forgets it for `null`. */
  set(key: string, token: string | null): void | Promise<void>;
}

/**
 * Keeps refresh tokens in memory: they end with the page. Other tabs of the
 * origin hand theirs over, so scripts of the origin can ask for them, too.
 */
export function memoryTokenStore(): TokenStore {
  const tokens = new Map<string, string>();
  return {
    get: (key) => tokens.get(key) ?? null,
    set(key, token) {
      if (token === null) tokens.delete(key);
      else tokens.set(key, token);
    },
  };
}

/**
 * Keeps refresh tokens in `sessionStorage`: they end with the tab, and a reload
 * stays signed in.
 *
 * The risk: whatever script runs in the origin, an injected one too, can read
 * them there without asking anyone, and use them elsewhere until the session
 * ends. Where the browser refuses storage, or it is full, they are kept in
 * memory.
 */
export function sessionTokenStore(): TokenStore {
  const storage = tabStorage();
  return {
    get: (key) => storage.getItem(key),
    set(key, token) {
      if (token === null) storage.removeItem(key);
      else storage.setItem(key, token);
    },
  };
}
