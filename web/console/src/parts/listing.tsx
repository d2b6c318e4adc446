import { console as text, ui } from '@buy-from-me/text';
import { Failure, type Loaded, Waiting } from '@buy-from-me/ui';
import type { ComponentChildren } from 'preact';

/** Shows one page of a list: loading, failed, empty, or its items with the way to the next. */
export function ListPage<Item>(props: {
  loaded: Loaded<{ items: Item[]; nextCursor: string | null }>;
  onRetry(): void;
  empty: string;
  /** Returns the address of the page at a cursor; of the first without one. */
  pageHref: (cursor: string | undefined) => string;
  /** Whether this is the first page. */
  first: boolean;
  children: (items: Item[]) => ComponentChildren;
}) {
  const { loaded } = props;
  if (loaded.state === 'loading') {
    return (
      <div class="stack" aria-busy="true">
        <Waiting quiet />
        <p class="hidden-visually">{ui.loading}</p>
        {[0, 1, 2, 3, 4].map((it) => (
          <div key={it} class="skeleton skeleton-row" />
        ))}
      </div>
    );
  }
  if (loaded.state === 'failed') return <Failure error={loaded.error} waiting={loaded.waiting} onRetry={props.onRetry} />;
  const { items, nextCursor } = loaded.value;
  return (
    <div class="stack">
      <p class="hidden-visually" role="status">
        {items.length > 0 && text.listed(items.length)}
      </p>
      {items.length > 0 ? props.children(items) : <p class="empty" role="status">{nextCursor === null ? props.empty : text.noneSoFar}</p>}
      {(nextCursor !== null || !props.first) && (
        <p class="row pager">
          {!props.first && (
            <a class="button" href={props.pageHref(undefined)}>
              {text.firstPage}
            </a>
          )}
          {nextCursor !== null && (
            <a class="button" href={props.pageHref(nextCursor)}>
              {text.nextPage}
            </a>
          )}
        </p>
      )}
    </div>
  );
}
