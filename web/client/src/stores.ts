/** Where a client keeps its refresh token. */
export interface TokenStore {
  get(): string | null | Promise<string | null>;
  set(token: string | null): void | Promise<void>;
}

/** Keeps the refresh token in memory: it ends with the page. */
export function memoryTokenStore(): TokenStore {
  let kept: string | null = null;
  return {
    get: () => kept,
    set(token) {
      kept = token;
    },
  };
}

/**
 * Keeps the refresh token in `sessionStorage`, so that a reload stays signed in.
 *
 * The risk: any script of the origin, an injected one too, can read it there at
 * any time, and use it for as long as the session lasts.
 */
export function sessionTokenStore(name: string): TokenStore {
  return {
    get: () => sessionStorage.getItem(name),
    set(token) {
      if (token === null) sessionStorage.removeItem(name);
      else sessionStorage.setItem(name, token);
    },
  };
}
