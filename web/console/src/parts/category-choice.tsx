import type { Category } from '@buy-from-me/client';
import { type Loaded, SelectField, inTreeOrder, useLoad } from '@buy-from-me/ui';
import { useCategoryList } from '../session.tsx';

/** Loads the categories. Returns what became of it, and a function that loads them again. */
export function useCategories(): [Loaded<Category[]>, () => void] {
  const list = useCategoryList();
  return useLoad((signal) => list.read({ signal }), [list]);
}

/** Returns a category's name; its slug, as long as that isn't known. */
export function nameOfCategory(loaded: Loaded<Category[]>, slug: string): string {
  const known = loaded.state === 'ready' ? loaded.value.find((it) => it.slug === slug) : undefined;
  return known?.name ?? slug;
}

/** A choice of one category, each below the one that it belongs to, or of none. */
export function CategoryChoice(props: {
  label: string;
  /** What choosing none is called. */
  none: string;
  categories: readonly Category[];
  value: string;
  onValue(slug: string): void;
  required?: boolean;
  error?: string | undefined;
}) {
  const known = inTreeOrder(props.categories).map(({ category, depth }) => ({
    value: category.slug,
    label: `${'\u2003'.repeat(depth)}${category.name}`,
  }));
  // What is chosen stays chosen, though it may be gone.
  const lost = props.value && !known.some((it) => it.value === props.value) ? [{ value: props.value, label: props.value }] : [];
  return (
    <SelectField
      label={props.label}
      required={props.required ?? true}
      value={props.value}
      onValue={props.onValue}
      options={[{ value: '', label: props.none }, ...known, ...lost]}
      error={props.error}
    />
  );
}
