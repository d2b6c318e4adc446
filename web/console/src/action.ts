import { SessionEnded } from '@buy-from-me/client';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

/** Something that a button does: sending a form, for instance. */
export interface Action<Arguments extends unknown[]> {
  readonly busy: boolean;
  /** Why it failed the last time. */
  readonly error: unknown;
  /** Does it, unless it is under way: a double click is one. Never rejects. */
  run(...given: Arguments): Promise<void>;
  /** Forgets the failure. */
  clear(): void;
}

/** Returns something to be done by a button, with what became of it. */
export function useAction<Arguments extends unknown[]>(act: (...given: Arguments) => Promise<void>): Action<Arguments> {
  const [state, setState] = useState<{ busy: boolean; error: unknown }>({ busy: false, error: undefined });
  const underWay = useRef(false);
  const mounted = useRef(true);
  const latest = useRef(act);
  latest.current = act;
  useEffect(
    () => () => {
      mounted.current = false;
    },
    [],
  );
  const run = useCallback(async (...given: Arguments) => {
    if (underWay.current) return;
    underWay.current = true;
    setState({ busy: true, error: undefined });
    let error: unknown;
    try {
      await latest.current(...given);
    } catch (caught) {
      // Who signed out meanwhile is shown the sign-in, and nothing else.
      if (!(caught instanceof SessionEnded)) error = caught;
    }
    underWay.current = false;
    if (mounted.current) setState({ busy: false, error });
  }, []);
  const clear = useCallback(() => setState((before) => ({ ...before, error: undefined })), []);
  return { ...state, run, clear };
}
