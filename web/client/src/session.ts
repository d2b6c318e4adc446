import createClient, { type Client } from 'openapi-fetch';
import { readJson } from './answers.ts';
import { SessionEnded, ShopProblem } from './errors.ts';
import type { CallOptions, ClientOptions } from './options.ts';
import type { paths } from './schema.ts';
import { underSignals, withSignal } from './signals.ts';
import { memoryTokenStore, type TokenStore } from './stores.ts';
import { type SharedSession, Tabs, withLock } from './tabs.ts';
import { Transport } from './transport.ts';
import type { SessionTokens, User } from './types.ts';

/** How long before its end an access token is not used any more, in milliseconds. */
const MARGIN = 30_000;
/** What anyone may call: sent without a token, so that caches and browsers have less to ask. */
const PUBLIC = /\/api\/(products|categories|search)(\/|$)|\/(login|register|refresh|accept-invite)$/;

/** Customers and staff: two realms, with accounts, sessions and routes of their own. */
export interface Realm {
  name: 'customer' | 'staff';
  login: '/api/auth/login' | '/api/admin/login';
  refresh: '/api/auth/refresh' | '/api/admin/refresh';
  logout: '/api/auth/logout' | '/api/admin/logout';
  password: '/api/account/password' | '/api/admin/password';
}

/** The session of this tab, as long as its user stays: refreshes replace what it holds. */
interface Live {
  held: SharedSession;
  /** When its tokens were given out, by the clock that nobody sets. */
  mark: number;
  /** Aborted when it ends, with all calls that are made in it. */
  readonly end: AbortController;
  /** The refresh under way. */
  refreshing?: Promise<void> | undefined;
  /** Why the shop refused a refresh, which ended it. */
  dead?: DeadSession;
}

/** A refresh token that the shop doesn't take, with its answer. */
class DeadSession extends Error {
  constructor(readonly response: Response) {
    super('The session has ended.');
  }
}

/** Who is signed in, and the calls that are made in their name. */
export class Session {
  readonly api: Client<paths>;
  readonly transport: Transport;
  readonly #realm: Realm;
  readonly #base: string;
  readonly #store: TokenStore;
  /** Names the shop and the realm: key of the store, name of channel and lock. */
  readonly #name: string;
  readonly #lock: string;
  readonly #tabs: Tabs | undefined;
  readonly #closed = new AbortController();
  readonly #listeners = new Set<(user: User | null) => void>();
  #live: Live | null = null;
  /** The newest sign-in that is over: what another tab tells of it comes too late. */
  #endedAt = 0;
  #restoring: Promise<void> | undefined;
  /** What the store is to keep next, and the writing under way. */
  #next: { token: string | null } | undefined;
  #writing: Promise<void> | undefined;
  /** Counts who came and went, so that a slow answer can tell that it comes too late. */
  #turn = 0;
  /** Aborted when another sign-in, or a sign-out, is asked for. */
  #signingIn = new AbortController();

  constructor(realm: Realm, options: ClientOptions) {
    const page = globalThis.location as Location | undefined;
    this.#base = new URL(options.baseUrl, page?.href).href.replace(/\/+$/, '');
    this.#realm = realm;
    this.#store = options.tokenStore ?? memoryTokenStore();
    this.#name = `buy-from-me/1/${realm.name}/${this.#base}`;
    this.transport = new Transport(options);
    // openapi-fetch hands every call to this; middleware of the caller comes before.
    this.api = createClient<paths>({
      baseUrl: this.#base,
      credentials: 'omit',
      fetch: (request) => this.#send(request),
    });
    this.api.use({
      onRequest({ params }) {
        // The address would be another, since a segment like that is none.
        if (Object.values(params.path ?? {}).some((it) => /^\.{0,2}$/.test(String(it)))) throw nothingThere();
        return undefined;
      },
    });
    if (options.shareBetweenTabs ?? 'document' in globalThis) {
      this.#lock = this.#name;
      this.#tabs = new Tabs(this.#name, {
        current: () => this.#live?.held ?? null,
        adopt: (session) => this.#adopt(session),
        ended: (startedAt) => this.#end(startedAt),
      });
    } else {
      this.#lock = `${this.#name}/${crypto.randomUUID()}`;
    }
    options.signal?.addEventListener('abort', () => this.close(options.signal?.reason), { once: true });
    if (options.signal?.aborted) this.close(options.signal.reason);
  }

  get user(): User | null {
    return this.#live?.held.user ?? null;
  }

  onUserChange(listener: (user: User | null) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Ends all calls and lets go of the other tabs. */
  close(reason?: unknown): void {
    this.#closed.abort(reason);
    this.#tabs?.close();
  }

  /** Waits until it is known who is there, if a restore is under way. */
  async known(signal: AbortSignal | undefined): Promise<void> {
    if (this.#live || !this.#restoring) return;
    const restored = this.#restoring.catch(() => {});
    await underSignals([signal, this.#closed.signal], (ended) => withSignal(restored, ended));
  }

  /** Runs something that ends with the session or with the caller's signal. */
  within<Value>(signal: AbortSignal | undefined, run: (signal: AbortSignal) => Promise<Value>): Promise<Value> {
    return underSignals([signal, this.#closed.signal, this.#live?.end.signal], run);
  }

  /**
   * Signs in by a call that answers with tokens, instead of whoever was. What
   * was asked for later, here or in another tab, wins: then this rejects with
   * `SessionEnded`, and the tokens are given back.
   */
  signIn(sent: Promise<SessionTokens>): Promise<User> {
    const { signal } = this.#supersede();
    const since = Math.max(Date.now(), this.#latest());
    const done = sent.then((tokens) => {
      if (signal.aborted || this.#latest() > since) {
        this.#giveBack(tokens);
        throw new SessionEnded();
      }
      return this.#begin(tokens);
    });
    return withSignal(done, signal);
  }

  #begin(tokens: SessionTokens): User {
    const before = this.#live?.held;
    this.#set(share(tokens, Math.max(Date.now(), this.#latest() + 1), 0));
    // Nobody will use the earlier session again. If the shop isn't told, it runs out.
    if (before) void this.#logout(before.refreshToken).catch(() => {});
    return tokens.user;
  }

  /** Ends the sign-in under way. */
  #supersede(): AbortController {
    this.#signingIn.abort(new SessionEnded());
    return (this.#signingIn = new AbortController());
  }

  /** Returns when the newest sign-in was that is known of. */
  #latest(): number {
    return Math.max(this.#endedAt, this.#live?.held.startedAt ?? 0);
  }

  /** Signs out at the shop whom nobody waits for any more. If the shop isn't told, it runs out. */
  #giveBack({ refreshToken, user }: SessionTokens): void {
    // The same user may be here by the same session, which another tab has handed over.
    if (user.userId !== this.user?.userId) void this.#logout(refreshToken).catch(() => {});
  }

  async restore(options: CallOptions = {}): Promise<User | null> {
    if (!this.#live) {
      this.#restoring ??= this.#restore().finally(() => {
        this.#restoring = undefined;
      });
      const restored = this.#restoring;
      // Nobody hears of it if this client is closed.
      restored.catch(() => {});
      await underSignals([options.signal, this.#closed.signal], (ended) => withSignal(restored, ended));
    }
    return this.user;
  }

  /** Ends the session in all tabs, then at the shop. */
  async signOut(options: CallOptions = {}): Promise<void> {
    const held = this.#live?.held;
    const kept = held ? Promise.resolve(held.refreshToken) : (async () => this.#store.get(this.#name))();
    // At once, so that what comes meanwhile comes too late, and though the store fails.
    this.end();
    const token = await kept;
    if (token) await this.#logout(token, options.signal);
  }

  /** Ends the session in all tabs. */
  end(): void {
    this.#supersede();
    this.#endAll();
  }

  #endAll(): void {
    const startedAt = this.#live?.held.startedAt ?? Date.now();
    this.#end(startedAt);
    this.#tabs?.end(startedAt);
  }

  /** Sends a call of openapi-fetch in the name of who is signed in as it begins. */
  async #send(request: Request): Promise<Response> {
    if (PUBLIC.test(new URL(request.url).pathname)) {
      return this.transport.send(request, { signal: this.#closed.signal });
    }
    // A call right after the page came up waits until it is known who is there.
    await this.known(request.signal);
    const live = this.#live;
    return this.within(request.signal, async (signal) => {
      // Not longer than the session: another tab may hold the lock for long.
      const refresh = (it: Live, spent: string) =>
        withSignal(this.#refresh(it, spent), signal).catch((error: unknown) => {
          throw it.dead ?? error;
        });
      if (!live) return this.transport.send(request, { signal });
      try {
        if (isOld(live)) await refresh(live, live.held.accessToken);
        const token = live.held.accessToken;
        const response = await this.transport.send(request, { signal, token });
        if (response.status !== 401) return this.#answer(live, response);
        await refresh(live, token);
      } catch (error) {
        if (error instanceof DeadSession) return error.response.clone();
        throw error;
      }
      const again = await this.transport.send(request, { signal, token: live.held.accessToken });
      return this.#answer(live, again);
    });
  }

  /** Lets an answer through if who asked is still signed in. */
  #answer(live: Live, response: Response): Response {
    live.end.signal.throwIfAborted();
    return response;
  }

  /** Replaces a spent access token, once for all who ask at the same time. */
  async #refresh(live: Live, spent: string): Promise<void> {
    const isDone = () => {
      live.end.signal.throwIfAborted();
      return live.held.accessToken !== spent;
    };
    if (isDone()) return;
    live.refreshing ??= withLock(this.#lock, async () => {
      // Another tab may have done it while this one waited, or slept.
      await this.#tabs?.ask();
      if (isDone()) return;
      const before = live.held;
      let tokens: SessionTokens;
      try {
        tokens = await this.#exchange(before.refreshToken);
      } catch (error) {
        // The same user has signed in anew meanwhile.
        if (live.held !== before) return;
        if (error instanceof DeadSession && this.#live === live) {
          live.dead = error;
          this.#endAll();
        }
        throw error;
      }
      if (live.end.signal.aborted) this.#giveBack(tokens);
      live.end.signal.throwIfAborted();
      if (live.held === before) this.#set(share(tokens, before.startedAt, before.generation + 1));
    }).finally(() => {
      live.refreshing = undefined;
    });
    await live.refreshing;
  }

  async #restore(): Promise<void> {
    const turn = this.#turn;
    const begun = Date.now();
    // Somebody has signed in or out meanwhile, here or in another tab.
    const isLate = () => this.#turn !== turn;
    await this.#writing;
    if (!(await this.#store.get(this.#name))) return this.#tabs?.ask();
    await withLock(this.#lock, async () => {
      // Another tab may have a newer token, or has come up at the same moment with this one.
      await this.#tabs?.ask();
      const token = await this.#store.get(this.#name);
      if (isLate() || !token) return;
      try {
        const tokens = await this.#exchange(token);
        if (isLate()) return this.#giveBack(tokens);
        // As of the begin: a sign-in that was asked for meanwhile is newer.
        this.#set(share(tokens, Math.max(begun, this.#endedAt + 1), 0));
      } catch (error) {
        if (isLate()) return;
        if (!(error instanceof DeadSession)) throw error;
        this.#keep(null);
      }
    });
  }

  /** Exchanges a refresh token for new tokens. The shop gives the same ones for 30 seconds. */
  async #exchange(refreshToken: string): Promise<SessionTokens> {
    const response = await this.#post(this.#realm.refresh, { refreshToken });
    if (response.status === 401) throw new DeadSession(response);
    return (await readJson(response)) as SessionTokens;
  }

  async #logout(refreshToken: string, signal?: AbortSignal): Promise<void> {
    const response = await this.#post(this.#realm.logout, { refreshToken }, signal);
    if (!response.ok) await readJson(response);
  }

  /** Sends what may be repeated without a key: a refresh, and a sign-out. */
  #post(path: string, body: object, signal?: AbortSignal): Promise<Response> {
    const request = new Request(this.#base + path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      credentials: 'omit',
      body: JSON.stringify(body),
      ...(signal && { signal }),
    });
    return this.transport.send(request, { signal: this.#closed.signal, repeatable: true });
  }

  /** Holds a session that the shop has given, and hands it to the other tabs. */
  #set(session: SharedSession): void {
    this.#hold(session);
    this.#tabs?.tell(session);
  }

  /** Takes another tab's session over if it is newer. */
  #adopt(session: SharedSession): boolean {
    const held = this.#live?.held;
    const isNewer = held
      ? session.startedAt > held.startedAt ||
        (session.startedAt === held.startedAt && session.generation > held.generation)
      : session.startedAt > this.#endedAt;
    if (isNewer) this.#hold(session);
    return isNewer;
  }

  #hold(session: SharedSession): void {
    this.#turn++;
    const before = this.user;
    const mark = performance.now() - Math.max(0, Date.now() - session.givenAt);
    const live = this.#live;
    if (live?.held.user.userId === session.user.userId) {
      Object.assign(live, { held: session, mark });
    } else {
      this.#live = { held: session, mark, end: new AbortController() };
      live?.end.abort(new SessionEnded());
    }
    this.#keep(session.refreshToken);
    this.#tellListeners(before);
  }

  /** Ends the session here if it started then or before. */
  #end(startedAt: number): void {
    this.#endedAt = Math.max(this.#endedAt, startedAt);
    const live = this.#live;
    if (live && live.held.startedAt > startedAt) return;
    this.#turn++;
    const before = this.user;
    this.#live = null;
    this.#keep(null);
    live?.end.abort(new SessionEnded());
    this.#tellListeners(before);
  }

  /**
   * Keeps a refresh token, one after the other, so that a slow store ends with
   * the last. A store that fails costs what it is for, not the session.
   */
  #keep(token: string | null): void {
    this.#next = { token };
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
  }

  async #write(): Promise<void> {
    for (let next; (next = this.#next); ) {
      this.#next = undefined;
      try {
        await this.#store.set(this.#name, next.token);
      } catch {
        // As if there were no store.
      }
    }
  }

  #tellListeners(before: User | null): void {
    const { user } = this;
    if (JSON.stringify(user) === JSON.stringify(before)) return;
    for (const listener of [...this.#listeners]) {
      try {
        listener(user);
      } catch (error) {
        // A fault of the page's is the page's, and doesn't stop the others.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}

function nothingThere(): ShopProblem {
  return new ShopProblem({ title: 'Not found', status: 404, code: 'not-found', detail: 'Nothing has such an id.' });
}

function share(tokens: SessionTokens, startedAt: number, generation: number): SharedSession {
  const { accessToken, refreshToken, user } = tokens;
  const lifetime = tokens.expiresIn * 1000;
  return { startedAt, generation, givenAt: Date.now(), lifetime, accessToken, refreshToken, user };
}

/**
 * Tells whether an access token is about to end. The clock on the wall may be
 * set back, the other one may stand still while the machine sleeps: the later
 * of the two counts.
 */
function isOld({ held, mark }: Live): boolean {
  const age = Math.max(Date.now() - held.givenAt, performance.now() - mark);
  return age > held.lifetime - Math.min(MARGIN, held.lifetime / 2);
}
