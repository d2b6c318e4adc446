import type { Listing, Page } from '@buy-from-me/client';

/** How many pages are read, at most, to find one that is not empty. */
const MAX_PAGES = 20;

/**
 * Reads the page at a cursor, and the next ones while they are empty and others follow. The
 * shop looks at a few hundred rows for a page, and a filter may match none of them. If one of
 * the next pages can't be read, returns the empty one before it, from where one can go on.
 */
export async function filledPage<Item>(list: Listing<Item>, cursor: string | undefined): Promise<Page<Item>> {
  let page = await list.page(cursor);
  for (let read = 1; read < MAX_PAGES && page.items.length === 0 && page.nextCursor !== null; read += 1) {
    const next = await list.page(page.nextCursor).catch(() => undefined);
    if (next === undefined) break;
    page = next;
  }
  return page;
}
