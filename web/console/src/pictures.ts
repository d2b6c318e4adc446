import type { ProductImage } from '@buy-from-me/client';
import { console as text } from '@buy-from-me/text';
import { srcsetOf } from '@buy-from-me/ui';

/** The kinds of pictures that the shop takes. */
export const PICTURE_TYPES = ['image/jpeg', 'image/png', 'image/webp'] as const;

/** The most bytes that a picture may have. */
export const MAX_PICTURE_BYTES = 5_242_880;

/** Returns what is wrong with a file, by what can be told before it is sent; undefined if nothing is. */
export function pictureError(file: { type: string; size: number }): string | undefined {
  if (!PICTURE_TYPES.some((it) => it === file.type)) return text.upload.wrongType;
  if (file.size === 0) return text.upload.empty;
  if (file.size > MAX_PICTURE_BYTES) return text.upload.tooLarge(file.size, MAX_PICTURE_BYTES);
  return undefined;
}

/** Returns what an image element shows of a picture: of its sizes the one that a small frame needs. */
export function smallEnough(image: ProductImage) {
  const srcset = srcsetOf(image);
  return {
    src: image.url,
    srcset,
    sizes: srcset && '16rem',
    width: image.width,
    height: image.height,
  };
}
