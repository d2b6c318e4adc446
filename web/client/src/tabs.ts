import type { User } from './types.ts';

/** For how many milliseconds a tab waits for others to answer. */
const PATIENCE = 150;

/** A session as tabs hand it to each other. */
export interface SharedSession {
  /** When its user signed in: a later one replaces it. */
  startedAt: number;
  /** Counts its refreshes. */
  generation: number;
  /** When its tokens were given out, by the clock on the wall, in milliseconds. */
  givenAt: number;
  /** For how many milliseconds the access token is valid. */
  lifetime: number;
  accessToken: string;
  refreshToken: string;
  user: User;
}

type Message =
  | { type: 'ask' }
  | { type: 'session'; session: SharedSession }
  /** Sessions that started then or before have ended. */
  | { type: 'end'; startedAt: number };

/** What a tab knows and learns. */
interface Tab {
  /** Returns the session here, for a tab that asks. */
  current(): SharedSession | null;
  /** Takes another tab's session over if it is newer. Returns whether it was. */
  adopt(session: SharedSession): boolean;
  ended(startedAt: number): void;
}

/** The other tabs of this origin that have a client of the same shop and realm. */
export class Tabs {
  readonly #channel: BroadcastChannel;
  #closed = false;
  readonly #asking = new Set<() => void>();

  constructor(name: string, tab: Tab) {
    this.#channel = new BroadcastChannel(name);
    // Node waits for open channels before it ends.
    (this.#channel as { unref?: () => void }).unref?.();
    this.#channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      // Another version of the client, or whatever else runs in this origin, may send anything.
      if (!isMessage(data)) return;
      if (data.type === 'end') return tab.ended(data.startedAt);
      if (data.type === 'session') {
        if (tab.adopt(data.session)) for (const answered of this.#asking) answered();
        return;
      }
      const session = tab.current();
      if (session) this.tell(session);
    };
  }

  /** Asks the others, and returns as soon as one had a newer session, or after a moment. */
  ask(): Promise<void> {
    return new Promise((resolve) => {
      const answered = () => {
        clearTimeout(timer);
        this.#asking.delete(answered);
        resolve();
      };
      const timer = setTimeout(answered, PATIENCE);
      this.#asking.add(answered);
      this.#post({ type: 'ask' });
    });
  }

  /** Hands a session to the others. */
  tell(session: SharedSession): void {
    this.#post({ type: 'session', session });
  }

  /** Ends sessions that started then or before in the others. */
  end(startedAt: number): void {
    this.#post({ type: 'end', startedAt });
  }

  close(): void {
    this.#closed = true;
    this.#channel.close();
    for (const answered of this.#asking) answered();
  }

  #post(message: Message): void {
    if (!this.#closed) this.#channel.postMessage(message);
  }
}

function isMessage(it: unknown): it is Message {
  const { type, startedAt, session } = (it ?? {}) as { type?: unknown; startedAt?: unknown; session?: unknown };
  return type === 'ask' || (type === 'end' && Number.isFinite(startedAt)) || (type === 'session' && isSession(session));
}

function isSession(it: unknown): it is SharedSession {
  const session = (it ?? {}) as Partial<SharedSession>;
  const { startedAt, generation, givenAt, lifetime, accessToken, refreshToken, user } = session;
  const texts = [accessToken, refreshToken, (user as Partial<User> | null | undefined)?.userId];
  return [startedAt, generation, givenAt, lifetime].every(Number.isFinite) && texts.every((text) => typeof text === 'string');
}

/** Who waits for which lock, in this process. */
const queues = new Map<string, Promise<unknown>>();

/**
 * Runs one at a time of those that name the same lock: in all tabs where the
 * platform has Web Locks, else in this process.
 */
export function withLock<Value>(name: string, run: () => Promise<Value>): Promise<Value> {
  const locks = (globalThis.navigator as Navigator | undefined)?.locks as LockManager | undefined;
  if (locks) return locks.request(name, run) as Promise<Value>;
  const result = (queues.get(name) ?? Promise.resolve()).then(run);
  const settled = result.then(ignore, ignore).then(() => {
    if (queues.get(name) === settled) queues.delete(name);
  });
  queues.set(name, settled);
  return result;
}

function ignore(): void {}
