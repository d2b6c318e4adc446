/** One page of a list. */
export interface Page<Item> {
  items: Item[];
  /** Where the next page begins; null after the last. */
  nextCursor: string | null;
}

/** A list, read page by page as far as it is wanted: `for await (const item of list)`. */
export interface Listing<Item> extends AsyncIterable<Item> {
  /** Reads page after page. */
  pages(): AsyncIterable<Page<Item>>;
  /** Reads one page: the first, or the one at a cursor. */
  page(cursor?: string | null): Promise<Page<Item>>;
}

/** Makes a list of what reads one page of it. */
export function listing<Item>(read: (at: { cursor?: string }) => Promise<Page<Item>>): Listing<Item> {
  const page = (cursor?: string | null) => read(cursor == null ? {} : { cursor });
  async function* pages() {
    let cursor: string | null | undefined;
    do {
      const it: Page<Item> = await page(cursor);
      yield it;
      cursor = it.nextCursor;
    } while (cursor != null);
  }
  return {
    page,
    pages,
    async *[Symbol.asyncIterator]() {
      for await (const { items } of pages()) yield* items;
    },
  };
}
