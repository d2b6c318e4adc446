import type { Listing } from '@buy-from-me/client';
import { useEffect, useRef, useState } from 'preact/hooks';
import { noteAnswer } from './failure.tsx';
import { currentVisit } from './place.ts';
import { retryDelay } from './retry.ts';

interface Shown<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}

/** A list that grows page by page. */
export interface Pages<Item> {
  /** What was loaded so far; undefined before the first page is there. */
  readonly items: readonly Item[] | undefined;
  /** Whether there is more to show. */
  readonly more: boolean;
  readonly busy: boolean;
  readonly error: unknown;
  /** A page that failed is tried again by itself. */
  readonly waiting: boolean;
  /** Loads the next page, or the one that failed once more. */
  showMore(): void;
}

// By entry of the browser's history: the back button shows what was there.
const kept = new Map<string, Shown<unknown>>();

/** Drops all lists that are kept for the back button: they may be the ones of who has signed out. */
export function forgetPages(): void {
  kept.clear();
}

/**
 * Loads a list page by page. `name` tells the lists of one page apart. A component that
 * lists something else than before needs another `key`.
 */
export function usePages<Item>(name: string, list: (signal: AbortSignal) => Listing<Item>): Pages<Item> {
  const place = useRef(`${currentVisit()} ${name}`).current;
  const [shown, setShown] = useState(() => kept.get(place) as Shown<Item> | undefined);
  // The request that is wanted, counted; 0 if the list came from what was kept.
  const [request, setRequest] = useState(shown ? 0 : 1);
  const [state, setState] = useState({ busy: !shown, error: undefined as unknown, waiting: false });
  useEffect(() => {
    if (request === 0) return;
    const controller = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    setState((before) => ({ ...before, busy: true }));
    list(controller.signal)
      .page(shown?.nextCursor)
      .then((page) => {
        noteAnswer();
        if (controller.signal.aborted) return;
        const next = { items: [...(shown?.items ?? []), ...page.items], nextCursor: page.nextCursor };
        kept.set(place, next);
        setShown(next);
        setState({ busy: false, error: undefined, waiting: false });
      })
      // What is no list of the shop's fails here, too.
      .catch((error: unknown) => {
        if (controller.signal.aborted) return;
        const delay = retryDelay(error);
        setState({ busy: false, error, waiting: delay !== undefined });
        if (delay !== undefined) timer = setTimeout(() => setRequest((n) => n + 1), delay);
      });
    return () => {
      controller.abort();
      clearTimeout(timer);
    };
  }, [request]);
  return {
    items: shown?.items,
    more: shown !== undefined && shown.nextCursor !== null,
    ...state,
    showMore: () => {
      if (!state.busy) setRequest((n) => n + 1);
    },
  };
}
