import type { ProductImage } from '@buy-from-me/client';
import { RetriedImage, srcsetOf } from '@buy-from-me/ui';
import { PictureIcon } from './icons.tsx';

/**
 * A product's picture, in a frame that has its size before it is loaded. Beside the
 * product's name it says nothing new, so that screen readers skip it, unless `alt` is given.
 */
export function Picture(props: { url: string | null; alt?: string; eager?: boolean; image?: ProductImage | null | undefined; sizes?: string }) {
  const { url, image } = props;
  const srcset = image ? srcsetOf(image) : undefined;
  return (
    <span class="picture">
      {url ? (
        <RetriedImage
          src={url}
          srcset={srcset}
          sizes={srcset && props.sizes}
          alt={props.alt ?? ''}
          width={image?.width ?? 320}
          height={image?.height ?? 240}
          loading={props.eager ? 'eager' : 'lazy'}
          fallback={<PictureIcon />}
        />
      ) : (
        <PictureIcon />
      )}
    </span>
  );
}
