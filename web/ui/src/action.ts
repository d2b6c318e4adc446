import { ui } from '@buy-from-me/text';
import { useCallback, useRef, useState } from 'preact/hooks';
import { announce } from './announce.tsx';
import { SLOW_MS } from './waiting.tsx';

/** Something that is done on demand: what became of it, and the function that does it. */
export interface Action<Arguments extends unknown[]> {
  /** Does it, unless it is under way. What goes wrong stands in `error` afterwards. */
  run(...inputs: Arguments): Promise<void>;
  readonly busy: boolean;
  readonly error: unknown;
  /** Forgets the failure. */
  clear(): void;
}

/** Makes an action of a function: it runs once at a time, and its failure is kept until the next. */
export function useAction<Arguments extends unknown[]>(act: (...inputs: Arguments) => Promise<void>): Action<Arguments> {
  const [state, setState] = useState<{ busy: boolean; error: unknown }>({ busy: false, error: undefined });
  const busy = useRef(false);
  const latest = useRef(act);
  latest.current = act;
  const run = useCallback(async (...inputs: Arguments) => {
    if (busy.current) return;
    busy.current = true;
    setState({ busy: true, error: undefined });
    let error: unknown;
    const slow = setTimeout(() => announce(ui.slow), SLOW_MS);
    try {
      await latest.current(...inputs);
    } catch (caught) {
      error = caught;
    }
    clearTimeout(slow);
    busy.current = false;
    setState({ busy: false, error });
  }, []);
  const clear = useCallback(() => setState((before) => ({ ...before, error: undefined })), []);
  return { run, clear, ...state };
}
