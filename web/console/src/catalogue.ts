// What customers see of the catalogue. The console has no other list of products: there
// is no endpoint for one.
import { type Page, type Product, type ProductCard, ShopProblem, type StaffClient } from '@buy-from-me/client';

/** Which currency prices are offered in while no product says another: the shop's default. */
const DEFAULT_CURRENCY = 'EUR';

/** Returns one page of the published products, the newest first. */
export async function publishedProducts(
  staff: StaffClient,
  query: { category?: string; limit?: number; cursor?: string },
  signal: AbortSignal,
): Promise<Page<ProductCard>> {
  const { data, error } = await staff.api.GET('/api/products', { params: { query }, signal, cache: 'no-cache' });
  if (!data) throw new ShopProblem(error);
  return data;
}

/** Returns a published product; undefined if customers see none of that id. */
export async function publishedProduct(staff: StaffClient, productId: string, signal: AbortSignal): Promise<Product | undefined> {
  const { data, error, response } = await staff.api.GET('/api/products/{productId}', {
    params: { path: { productId } },
    signal,
    cache: 'no-cache',
  });
  if (data) return data;
  // 400: what stands in the address can't be the id of a product.
  if (response.status === 404 || response.status === 400) return undefined;
  throw new ShopProblem(error);
}

/** What a form for a new product offers. */
export interface Known {
  /** The shop's currency. */
  readonly currency: string;
  /** Categories that are in use, by name. */
  readonly categories: readonly string[];
}

/** Tells currency and categories by the newest published products. */
export function known(products: readonly ProductCard[]): Known {
  return {
    currency: products[0]?.price.currency ?? DEFAULT_CURRENCY,
    categories: [...new Set(products.map((it) => it.category))].sort(),
  };
}
