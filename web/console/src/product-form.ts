import type { NewProduct } from '@buy-from-me/client';
import { console as text } from '@buy-from-me/text';
import { formatMoney, parseMoney } from '@buy-from-me/ui';

/** The highest price, in minor units, and the most pieces that the shop keeps account of. */
const MAX_AMOUNT = 1_000_000_000;
const MAX_STOCK = 1_000_000;

/** A new product as it is typed. */
export interface ProductDraft {
  readonly name: string;
  readonly description: string;
  readonly price: string;
  readonly category: string;
  readonly status: 'draft' | 'published';
  readonly stock: string;
}

/** A form that nothing was typed into. */
export const EMPTY_PRODUCT: ProductDraft = {
  name: '',
  description: '',
  price: '',
  category: '',
  // A draft can't be published later, as long as products can't be changed.
  status: 'published',
  stock: '0',
};

/** What the form makes: a product, or what is wrong with each field, by JSON pointer as the shop says it. */
export type ReadProduct =
  | { readonly product: NewProduct }
  | { readonly errors: Readonly<Record<string, string>> };

/** Reads what was typed. What the shop alone can judge is left to it. */
export function readProduct(draft: ProductDraft, currency: string): ReadProduct {
  const words = text.newProduct.errors;
  const errors: Record<string, string> = {};
  const length = [...draft.name.trim()].length;
  if (length < 3 || length > 200) errors['/name'] = words.name;
  const price = parseMoney(draft.price, currency);
  if (!price) errors['/price'] = words.price;
  else if (price.amount > MAX_AMOUNT) errors['/price'] = words.tooDear(formatMoney({ amount: MAX_AMOUNT, currency }));
  const category = draft.category.trim();
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(category)) errors['/category'] = words.category;
  const stock = draft.stock.trim();
  if (!/^\d{1,7}$/.test(stock) || Number(stock) > MAX_STOCK) errors['/stock'] = words.stock(MAX_STOCK);
  if (!price || Object.keys(errors).length > 0) return { errors };
  const description = draft.description.trim();
  return {
    product: {
      name: draft.name.trim(),
      ...(description && { description }),
      price,
      category,
      status: draft.status,
      stock: Number(stock),
    },
  };
}

/** Returns what is wrong with the price: the shop may mean its amount or its currency. */
export function priceError(errors: Readonly<Record<string, string>>): string | undefined {
  return errors['/price'] ?? errors['/price/amount'] ?? errors['/price/currency'];
}
