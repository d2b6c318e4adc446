import type { ProductImage } from '@buy-from-me/client';

/** Returns all sizes of a picture as an image element takes them; undefined if there is only one. */
export function srcsetOf(image: ProductImage): string | undefined {
  const all = [...image.variants, image];
  return all.length > 1 ? all.map((it) => `${it.url} ${it.width}w`).join(', ') : undefined;
}
