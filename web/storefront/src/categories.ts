import type { CustomerClient } from '@buy-from-me/client';

const NAME = 'buy-from-me.categories';

/**
 * The categories of the products that were seen. The API has no list of them yet, so that
 * this page knows those that the newest hundred products are of, and those it met since.
 */
export class Categories {
  #slugs: readonly string[] = [];
  readonly #listeners = new Set<() => void>();
  #learned = false;

  constructor(private readonly storage: Pick<Storage, 'getItem' | 'setItem'> = sessionStorage) {
    const kept = storage.getItem(NAME);
    if (kept) this.#slugs = kept.split(' ');
  }

  /** In alphabetical order. */
  get view(): readonly string[] {
    return this.#slugs;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Notes the categories of products. */
  see(products: readonly { category: string }[]): void {
    const all = new Set([...this.#slugs, ...products.map((it) => it.category)]);
    if (all.size === this.#slugs.length) return;
    this.#slugs = [...all].sort();
    this.storage.setItem(NAME, this.#slugs.join(' '));
    this.#listeners.forEach((listener) => listener());
  }

  /** Looks at the newest hundred products, once. */
  async learn(shop: Pick<CustomerClient, 'products'>): Promise<void> {
    if (this.#learned) return;
    this.#learned = true;
    try {
      this.see((await shop.products.list({ limit: 100 }).page()).items);
    } catch {
      // The list itself says what is wrong; this is worth another try later.
      this.#learned = false;
    }
  }
}
