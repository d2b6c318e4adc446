// Products as the shop answered when they were created here: a draft can't be read
// again, since there is no endpoint for it.
import type { StaffProduct } from '@buy-from-me/client';
import { keep, recall } from './memory.ts';

/** Keeps a product that was just created. */
export function rememberCreated(product: StaffProduct): void {
  keep(`created ${product.productId}`, product);
}

/** Returns a product that was created here. */
export function createdHere(productId: string): StaffProduct | undefined {
  return recall(`created ${productId}`) as StaffProduct | undefined;
}
