import type { ProductImage } from '@buy-from-me/client';
import { useState } from 'preact/hooks';
import { PictureIcon } from './icons.tsx';

/**
 * A product's picture, in a frame that has its size before it is loaded. Beside the
 * product's name it says nothing new, so that screen readers skip it, unless `alt` is given.
 */
export function Picture(props: { url: string | null; alt?: string; eager?: boolean; image?: ProductImage | null | undefined; sizes?: string }) {
  const [broken, setBroken] = useState<string>();
  const { url, image } = props;
  const variants = image && image.variants.length > 0 ? [...image.variants, image] : [];
  return (
    <span class="picture">
      {url && broken !== url ? (
        <img
          src={url}
          srcset={variants.map((it) => `${it.url} ${it.width}w`).join(', ') || undefined}
          sizes={variants.length > 0 ? props.sizes : undefined}
          alt={props.alt ?? ''}
          width={image?.width ?? 320}
          height={image?.height ?? 240}
          loading={props.eager ? 'eager' : 'lazy'}
          decoding="async"
          onError={() => setBroken(url)}
        />
      ) : (
        <PictureIcon />
      )}
    </span>
  );
}
