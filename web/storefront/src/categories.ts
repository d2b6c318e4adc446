import { type CustomerClient, type TextStorage, tabStorage } from '@buy-from-me/client';

const NAME = 'buy-from-me.categories';

/** How many pages of the newest products are looked at: a cache of the browser's has them for "Show more". */
const PAGES = 3;

/**
 * The categories of the products that were seen. The API has no list of them yet, so that
 * this page knows those that the newest products are of, and those it met since.
 */
export class Categories {
  #seen: readonly string[] = [];
  /** What is shown: only once the newest products were looked at, so that nothing moves about. */
  #view: readonly string[] = [];
  #learned: 'no' | 'soon' | 'yes' = 'no';
  readonly #listeners = new Set<() => void>();

  constructor(private readonly storage: Pick<TextStorage, 'getItem' | 'setItem'> = tabStorage()) {
    const kept = storage.getItem(NAME);
    if (kept) {
      this.#seen = this.#view = kept.split(' ');
      this.#learned = 'yes';
    }
  }

  /** In alphabetical order. */
  get view(): readonly string[] {
    return this.#view;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Notes the categories of products. */
  see(products: readonly { category: string }[]): void {
    const all = new Set([...this.#seen, ...products.map((it) => it.category)]);
    if (all.size === this.#seen.length) return;
    this.#seen = [...all].sort();
    if (this.#learned === 'yes') this.#show();
  }

  /** Looks at the newest products, once, and shows what was seen. */
  async learn(shop: Pick<CustomerClient, 'products'>): Promise<void> {
    if (this.#learned !== 'no') return;
    this.#learned = 'soon';
    try {
      let pages = 0;
      for await (const page of shop.products.list({ sort: 'newest' }).pages()) {
        this.see(page.items);
        if (++pages === PAGES) break;
      }
      this.#learned = 'yes';
      this.#show();
    } catch {
      // The page itself says what is wrong; this is worth another try with the next.
      this.#learned = 'no';
    }
  }

  #show(): void {
    this.#view = this.#seen;
    this.storage.setItem(NAME, this.#seen.join(' '));
    this.#listeners.forEach((listener) => listener());
  }
}
