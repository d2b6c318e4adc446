import { type Inputs, useCallback, useEffect, useState } from 'preact/hooks';
import { noteAnswer } from './failure.tsx';
import { retryDelay } from './retry.ts';

/** What became of something that is loaded. */
export type Loaded<T> =
  | { readonly state: 'loading' }
  | { readonly state: 'ready'; readonly value: T }
  /** `waiting`: it is tried again by itself. */
  | { readonly state: 'failed'; readonly error: unknown; readonly waiting: boolean };

/**
 * Loads something when the component appears and whenever `inputs` change; the call before
 * is cancelled. What fails because the shop is away or busy is tried again until it works.
 * Returns what became of it, and a function that loads it again.
 */
export function useLoad<T>(load: (signal: AbortSignal) => Promise<T>, inputs: Inputs): [Loaded<T>, () => void] {
  const [loaded, setLoaded] = useState<Loaded<T>>({ state: 'loading' });
  const [attempt, setAttempt] = useState(0);
  const again = useCallback(() => setAttempt((n) => n + 1), []);
  // Trying again leaves what is shown until there is something newer; other inputs don't.
  useEffect(() => setLoaded({ state: 'loading' }), inputs);
  useEffect(() => {
    const controller = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    load(controller.signal).then(
      (value) => {
        noteAnswer();
        if (!controller.signal.aborted) setLoaded({ state: 'ready', value });
      },
      (error: unknown) => {
        if (controller.signal.aborted) return;
        const delay = retryDelay(error);
        setLoaded({ state: 'failed', error, waiting: delay !== undefined });
        if (delay !== undefined) timer = setTimeout(again, delay);
      },
    );
    return () => {
      controller.abort();
      clearTimeout(timer);
    };
  }, [...inputs, attempt]);
  useEffect(() => {
    addEventListener('online', again);
    return () => removeEventListener('online', again);
  }, []);
  return [loaded, again];
}

/** What `useLatest` returns. */
export interface Latest<T> {
  readonly loaded: Loaded<T>;
  /** What was loaded last, or what it has become; undefined before it is there. */
  readonly value: T | undefined;
  again(): void;
  /** Says what it has become, by the answer to a change. */
  set(value: T): void;
}

/** Loads something as `useLoad` does, and keeps what is shown while it is loaded again, or that fails. */
export function useLatest<T>(load: (signal: AbortSignal) => Promise<T>, inputs: Inputs): Latest<T> {
  const [loaded, again] = useLoad(load, inputs);
  const [value, set] = useState<T>();
  useEffect(() => set(undefined), inputs);
  useEffect(() => {
    if (loaded.state === 'ready') set(loaded.value);
  }, [loaded]);
  return { loaded, value, again, set };
}
