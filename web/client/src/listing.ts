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
