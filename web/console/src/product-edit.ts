// How a product is changed by several people: what is typed is compared with the product that
// it was begun from, and with what the product has become meanwhile.
import type { ProductChange, StaffProduct } from '@buy-from-me/client';
import { parseMoney, typedMoney } from '@buy-from-me/ui';
import { type ProductFields, type TypedProduct, typedProduct } from './product-form.ts';

/** The fields that can be changed, in the form's order. */
export const FIELDS = ['name', 'description', 'price', 'category', 'status', 'sku'] as const;
export type Field = (typeof FIELDS)[number];

/** Whose value is to stand. */
export type Side = 'mine' | 'theirs';
export type Choices = Readonly<Partial<Record<Field, Side>>>;

/** A field in which what I typed and what the product has become are not the same. */
export interface Difference {
  readonly field: Field;
  readonly mine: string;
  readonly theirs: string;
  /** Who alone changed it; undefined if both did, so that somebody must choose. */
  readonly by: Side | undefined;
}

/** Returns what fields change of a product; undefined if nothing. */
export function changeOf(fields: ProductFields, product: StaffProduct): ProductChange | undefined {
  const change: ProductChange = {
    ...(fields.name !== product.name && { name: fields.name }),
    ...(fields.description !== product.description && { description: fields.description }),
    ...(fields.price.amount !== product.price.amount && { price: fields.price }),
    ...(fields.category !== product.category && { category: fields.category }),
    ...(fields.status !== product.status && { status: fields.status }),
    ...(fields.sku !== (product.sku ?? '') && { sku: fields.sku }),
  };
  return Object.keys(change).length > 0 ? change : undefined;
}

/** Tells whether something was typed that is not what a product has. */
export function isChanged(typed: TypedProduct, product: StaffProduct): boolean {
  const [one, other] = [plain(typed, product), plain(typedProduct(product), product)];
  return FIELDS.some((it) => one[it] !== other[it]);
}

/** Compares what was typed, begun from `base`, with what the product is now. */
export function differences(typed: TypedProduct, base: StaffProduct, now: StaffProduct): Difference[] {
  const [mine, before, theirs] = [plain(typed, now), plain(typedProduct(base), now), plain(typedProduct(now), now)];
  return FIELDS.filter((field) => mine[field] !== theirs[field]).map((field) => {
    const [isMine, isTheirs] = [mine[field] !== before[field], theirs[field] !== before[field]];
    const by = isMine && isTheirs ? undefined : isMine ? 'mine' : 'theirs';
    return { field, mine: mine[field], theirs: theirs[field], by };
  });
}

/** Returns whose value stands for a difference, as it was chosen or as it goes without saying. */
export function sideOf({ field, by }: Difference, choices: Choices): Side | undefined {
  return choices[field] ?? by;
}

/** Returns what is to be saved once everything is chosen: the product as it is now with what is mine. */
export function chosen(typed: TypedProduct, now: StaffProduct, all: readonly Difference[], choices: Choices): TypedProduct {
  const mine = all.filter((it) => sideOf(it, choices) === 'mine').map((it) => [it.field, typed[it.field]]);
  return { ...typedProduct(now), ...Object.fromEntries(mine) };
}

/** Returns typed fields in the one way to write them. */
function plain(typed: TypedProduct, { price: { currency } }: StaffProduct): Record<Field, string> {
  const price = parseMoney(typed.price, currency);
  const trimmed = FIELDS.map((it) => [it, typed[it].trim()]);
  return { ...(Object.fromEntries(trimmed) as Record<Field, string>), ...(price && { price: typedMoney(price) }) };
}
