import { useCallback, useState } from 'preact/hooks';
import { keep, recall } from './memory.ts';

/** Returns what was typed into a form, kept while the page is open, and a function that changes it; undefined empties it. */
export function useDraft<T extends object>(name: string, empty: T): [T, (change: Partial<T> | undefined) => void] {
  const [draft, setDraft] = useState<T>(() => (recall(name) as T | undefined) ?? empty);
  const change = useCallback((part: Partial<T> | undefined) => {
    setDraft((before) => {
      const next = part === undefined ? empty : { ...before, ...part };
      keep(name, next);
      return next;
    });
  }, []);
  return [draft, change];
}
