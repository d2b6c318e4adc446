// What customers see of the catalogue. The console has no other list of products: there
// is no endpoint for one.
import { type CustomerClient, type Product, type ProductCard, ShopProblem, createCustomerClient } from '@buy-from-me/client';

/** The catalogue as anybody sees it. */
export type Catalogue = CustomerClient['products'];

/** Which currency prices are asked for in while no product says another: the shop's default. */
const DEFAULT_CURRENCY = 'EUR';

/** Opens the catalogue, past what the browser keeps of it: who just created something wants to see it. */
export function openCatalogue(api: string): Catalogue {
  const client = createCustomerClient({
    baseUrl: api,
    // Nobody signs in here, and whoever is at the storefront stays there.
    shareBetweenTabs: false,
    fetch: (request) => fetch(new Request(request, { cache: 'no-cache' })),
  });
  return client.products;
}

/** Returns a published product; undefined if customers see none of that id. */
export async function findProduct(catalogue: Catalogue, productId: string, signal: AbortSignal): Promise<Product | undefined> {
  try {
    return await catalogue.get(productId, { signal });
  } catch (error) {
    // 400: what stands in the address can't be the id of a product.
    if (error instanceof ShopProblem && (error.status === 404 || error.status === 400)) return undefined;
    throw error;
  }
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
