import { type Category, type CustomerClient, type TextStorage, tabStorage } from '@buy-from-me/client';
import { storefront as text } from '@buy-from-me/text';

const NAME = 'buy-from-me.category-list';

/** The shop's categories: as this tab read them last, until they are read once more. */
export class Categories {
  #view: readonly Category[] = [];
  #state: 'kept' | 'reading' | 'read' = 'kept';
  readonly #listeners = new Set<() => void>();

  constructor(private readonly storage: Pick<TextStorage, 'getItem' | 'setItem'> = tabStorage()) {
    this.#view = readKept(storage.getItem(NAME));
  }

  /** As the shop lists them; empty as long as none are known. */
  get view(): readonly Category[] {
    return this.#view;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Returns a category's name; one that isn't known is called by its slug. */
  nameOf(slug: string): string {
    return this.#view.find((it) => it.slug === slug)?.name ?? text.category(slug);
  }

  /** Reads the list, once a visit; again with the next page, if that failed. */
  async load(shop: Pick<CustomerClient, 'categories'>): Promise<void> {
    if (this.#state !== 'kept') return;
    this.#state = 'reading';
    try {
      const list = await shop.categories.list();
      this.#state = 'read';
      const kept = JSON.stringify(list);
      // What stays as it is doesn't move.
      if (kept === JSON.stringify(this.#view)) return;
      this.#view = list;
      this.storage.setItem(NAME, kept);
      this.#listeners.forEach((listener) => listener());
    } catch {
      // The page itself says what is wrong.
      this.#state = 'kept';
    }
  }
}

/** Reads what a tab has kept; nothing, if that can't be read. */
function readKept(kept: string | null): readonly Category[] {
  try {
    const list: unknown = JSON.parse(kept ?? '[]');
    return Array.isArray(list) ? list.filter(isCategory) : [];
  } catch {
    return [];
  }
}

function isCategory(it: unknown): it is Category {
  const { slug, name } = (it ?? {}) as Partial<Category>;
  return typeof slug === 'string' && typeof name === 'string';
}
