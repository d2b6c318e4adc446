import { announce, type Pages } from '@buy-from-me/ui';
import type { ComponentChildren, RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

/** The button that shows the next page of a list, as long as there is one. */
export function ShowMore(props: { list: Pages<unknown>; children: ComponentChildren }) {
  const { list } = props;
  if (!list.more || list.error !== undefined) return null;
  return (
    <div class="more">
      <button type="button" class="button" aria-busy={list.busy} aria-disabled={list.busy} onClick={list.showMore}>
        {props.children}
      </button>
    </div>
  );
}

/** When a list has grown: says how much it shows now, and moves the focus to the first that is new. */
export function useGrowth(list: RefObject<HTMLElement | null>, count: number | undefined, words: (count: number) => string): void {
  const before = useRef(count ?? 0);
  useLayoutEffect(() => {
    const shown = before.current;
    before.current = count ?? 0;
    if (count === undefined || shown === 0 || count <= shown) return;
    announce(words(count));
    list.current?.children[shown]?.querySelector('a')?.focus();
  }, [count]);
}
