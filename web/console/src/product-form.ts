import type { NewProduct, ProductStatus, StaffProduct } from '@buy-from-me/client';
import { console as text } from '@buy-from-me/text';
import { formatMoney, parseMoney, typedMoney } from '@buy-from-me/ui';
import { readPieces } from './stock.ts';

/** The highest price, in minor units. */
const MAX_AMOUNT = 1_000_000_000;

/** Which currency prices are asked for in while no product says another: the shop's default. */
export const DEFAULT_CURRENCY = 'EUR';

/** What the forms for new and for known products have in common, as it is typed. */
export interface TypedProduct {
  readonly name: string;
  readonly description: string;
  readonly price: string;
  readonly category: string;
  readonly status: ProductStatus;
  readonly sku: string;
}

/** A new product as it is typed. */
export interface ProductDraft extends TypedProduct {
  readonly stock: string;
}

/** A form that nothing was typed into. */
export const EMPTY_PRODUCT: ProductDraft = {
  name: '',
  description: '',
  price: '',
  category: '',
  status: 'draft',
  sku: '',
  stock: '0',
};

/** What the fields say: an empty `sku` is none. */
export type ProductFields = Required<Pick<NewProduct, 'name' | 'price' | 'category' | 'status'>> & {
  readonly description: string;
  readonly sku: string;
};

/** What is wrong with each field, by JSON pointer as the shop says it. */
export type Mistakes = Readonly<Record<string, string>>;

/** Returns a product as one would type it. */
export function typedProduct({ name, description, price, category, status, sku }: StaffProduct): TypedProduct {
  return { name, description, price: typedMoney(price), category, status, sku: sku ?? '' };
}

/** Reads the fields. What the shop alone can judge is left to it. */
export function readFields(typed: TypedProduct, currency: string): { fields: ProductFields } | { errors: Mistakes } {
  const words = text.newProduct.errors;
  const errors: Record<string, string> = {};
  const [name, category, sku] = [typed.name.trim(), typed.category.trim(), typed.sku.trim()];
  const length = [...name].length;
  if (length < 3 || length > 200) errors['/name'] = words.name;
  const price = parseMoney(typed.price, currency);
  if (!price) errors['/price'] = words.price;
  else if (price.amount > MAX_AMOUNT) errors['/price'] = words.tooDear(formatMoney({ amount: MAX_AMOUNT, currency }));
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(category)) errors['/category'] = words.category;
  if (!/^[!-~]{0,64}$/.test(sku)) errors['/sku'] = words.sku;
  if (!price || Object.keys(errors).length > 0) return { errors };
  return { fields: { name, description: typed.description.trim(), price, category, status: typed.status, sku } };
}

/** Reads what was typed for a new product. */
export function readProduct(draft: ProductDraft, currency: string): { product: NewProduct } | { errors: Mistakes } {
  const read = readFields(draft, currency);
  const stock = readPieces(draft.stock);
  if ('errors' in stock || 'errors' in read) {
    return { errors: { ...('errors' in read && read.errors), ...('errors' in stock && { '/stock': stock.errors }) } };
  }
  const { description, sku, ...required } = read.fields;
  return { product: { ...required, ...(description && { description }), ...(sku && { sku }), stock: stock.pieces } };
}

/** Returns what is wrong with the price: the shop may mean its amount or its currency. */
export function priceError(errors: Mistakes): string | undefined {
  return errors['/price'] ?? errors['/price/amount'] ?? errors['/price/currency'];
}
