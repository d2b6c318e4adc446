import { type CallOptions, type Category, createCustomerClient } from '@buy-from-me/client';

/** For how long the shop may answer with what was, in milliseconds: it keeps its answers for ten seconds. */
const SETTLED_MS = 15_000;

/** What was done to a category here; `undefined` if it was deleted. */
interface Change {
  readonly category: Category | undefined;
  readonly at: number;
}

/** The categories: as the shop lists them, with what was just changed here. */
export class CategoryList {
  readonly #changes = new Map<string, Change>();

  constructor(
    private readonly list: (options: CallOptions) => Promise<Category[]>,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Reads the list. */
  async read(options: CallOptions = {}): Promise<Category[]> {
    const listed = await this.list(options);
    const all = new Map(listed.map((it) => [it.slug, it]));
    for (const [slug, { category, at }] of this.#changes) {
      if (this.now() - at > SETTLED_MS) this.#changes.delete(slug);
      else if (!category) all.delete(slug);
      // Somebody else may have saved it since.
      else if (category.version > (all.get(slug)?.version ?? 0)) all.set(slug, category);
    }
    return [...all.values()];
  }

  /** Notes that a category was saved. */
  saved({ slug, name, parent, version }: Category): void {
    this.#changes.set(slug, { category: { slug, name, parent, version }, at: this.now() });
  }

  /** Notes that a category was deleted. */
  deleted(slug: string): void {
    this.#changes.set(slug, { category: undefined, at: this.now() });
  }
}

/** Opens the list of categories, past what the browser keeps of it. */
export function openCategories(api: string): CategoryList {
  const { categories } = createCustomerClient({
    baseUrl: api,
    // Nobody signs in here, and whoever is at the storefront stays there.
    shareBetweenTabs: false,
    fetch: (request) => fetch(new Request(request, { cache: 'no-cache' })),
  });
  return new CategoryList((options) => categories.list(options));
}

/** Returns the slug that a name suggests. */
export function slugOf(name: string): string {
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  return plain.replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 64).replace(/-+$/, '');
}
