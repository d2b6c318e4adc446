import type { Listing, Page } from '@buy-from-me/client';

/** How many pages are read, at most, to find one that is not empty. */
const MOST_PAGES = 20;

/**
 * Reads the page at a cursor, and the next ones while they are empty and others follow. The
 * shop looks at a few hundred rows for a page, and a filter may match none of them.
 */
export async function filledPage<Item>(list: Listing<Item>, cursor: string | undefined): Promise<Page<Item>> {
  let page = await list.page(cursor);
  for (let read = 1; read < MOST_PAGES && page.items.length === 0 && page.nextCursor !== null; read += 1) {
    page = await list.page(page.nextCursor);
  }
  return page;
}
