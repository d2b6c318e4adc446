// Categories as a tree. A parent that isn't known, or that leads back to where one is,
// counts as none: what the shop has changed meanwhile must not hide a category.
import type { Category } from '@buy-from-me/client';
import { language } from '@buy-from-me/text';

const byName = new Intl.Collator(language, { numeric: true });

/** A category and how deep it stands in the tree: 0 for one that belongs to none. */
export interface CategoryAt {
  readonly category: Category;
  readonly depth: number;
}

/** Returns the way to a category: from the one at the top to itself. Empty if there is no such category. */
export function pathTo(categories: readonly Category[], slug: string): Category[] {
  const bySlug = slugsOf(categories);
  const path: Category[] = [];
  for (let at = bySlug.get(slug); at; at = parentOf(bySlug, at)) path.unshift(at);
  return path;
}

/** Returns the categories that belong to one, by name; those that belong to none without one. */
export function childrenOf(categories: readonly Category[], parent?: string): Category[] {
  const bySlug = slugsOf(categories);
  return categories
    .filter((it) => parentOf(bySlug, it)?.slug === parent)
    .sort((one, other) => byName.compare(one.name, other.name) || byName.compare(one.slug, other.slug));
}

/** Returns all categories, each followed by those that belong to it. */
export function inTreeOrder(categories: readonly Category[]): CategoryAt[] {
  const below = (parent: string | undefined, depth: number): CategoryAt[] =>
    childrenOf(categories, parent).flatMap((category) => [{ category, depth }, ...below(category.slug, depth + 1)]);
  return below(undefined, 0);
}

/** Returns the slugs of a category and of all that belong to it. */
export function withDescendants(categories: readonly Category[], slug: string): Set<string> {
  const slugs = categories.map((it) => it.slug);
  return new Set(slugs.filter((it) => pathTo(categories, it).some((at) => at.slug === slug)));
}

function slugsOf(categories: readonly Category[]): ReadonlyMap<string, Category> {
  return new Map(categories.map((it) => [it.slug, it]));
}

/** Returns the parent that counts: none for what leads back to itself. */
function parentOf(bySlug: ReadonlyMap<string, Category>, category: Category): Category | undefined {
  const parent = bySlug.get(category.parent ?? '');
  const seen = new Set<Category>();
  for (let at = parent; at && !seen.has(at); at = bySlug.get(at.parent ?? '')) {
    if (at === category) return undefined;
    seen.add(at);
  }
  return parent;
}
