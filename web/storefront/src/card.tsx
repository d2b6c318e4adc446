import type { ProductCard } from '@buy-from-me/client';
import { formatMoney, href } from '@buy-from-me/ui';
import { AvailabilityLabel } from './availability.tsx';
import { Picture } from './picture.tsx';

/** How wide a card's picture is, by the columns of `.cards`. */
const CARD_SIZES = '(min-width: 73rem) 16rem, (min-width: 40rem) 24vw, 45vw';

/** One product of a list; all of it is the link. `eager`: its picture is seen at once. */
export function Card(props: { product: ProductCard; level?: 'h2' | 'h3'; eager?: boolean }) {
  const { product, level: Heading = 'h2' } = props;
  return (
    <li class="product-card">
      <Picture url={product.imageUrl} image={product.image} sizes={CARD_SIZES} eager={!!props.eager} />
      <Heading class="product-name">
        <a href={href(['products', product.productId])}>{product.name}</a>
      </Heading>
      <p class="product-facts">
        <span class="product-price number">{formatMoney(product.price)}</span>
        <AvailabilityLabel availability={product.availability} />
      </p>
    </li>
  );
}

/** Stands where cards will be. */
export function CardSkeletons({ count }: { count: number }) {
  return (
    <ul class="cards" aria-hidden="true">
      {Array.from({ length: count }, (_, index) => (
        <li key={index} class="product-card">
          <span class="picture skeleton" />
          <span class="skeleton skeleton-line" />
          <span class="skeleton skeleton-line skeleton-short" />
        </li>
      ))}
    </ul>
  );
}
