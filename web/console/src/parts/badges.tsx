import type { Availability, OrderStatus, ProductStatus, UserStatus } from '@buy-from-me/client';
import { console as text, language } from '@buy-from-me/text';
import { availabilityOf } from '../stock.ts';

const OF_AVAILABILITY: Readonly<Record<Availability, string>> = {
  'in-stock': 'badge badge-good',
  'low-stock': 'badge badge-warn',
  'out-of-stock': 'badge badge-bad',
};

const OF_STATUS: Readonly<Record<UserStatus, string>> = {
  active: 'badge badge-good',
  invited: 'badge badge-warn',
  disabled: 'badge badge-bad',
};

const OF_ORDER: Readonly<Record<OrderStatus, string>> = {
  'pending-payment': 'badge badge-warn',
  placed: 'badge badge-warn',
  processing: 'badge badge-warn',
  shipped: 'badge badge-good',
  delivered: 'badge badge-good',
  cancelled: 'badge',
  expired: 'badge',
  refunded: 'badge',
};

/** Shows how many pieces there are, with a word where they are few. */
export function StockBadge({ pieces }: { pieces: number }) {
  const availability = availabilityOf(pieces);
  return (
    <span class="stock">
      <span class="number">{pieces.toLocaleString(language)}</span>
      {availability !== 'in-stock' && <span class={OF_AVAILABILITY[availability]}>{text.availabilities[availability]}</span>}
    </span>
  );
}

/** Shows whether customers see a product. */
export function ProductStatusBadge(props: { status: ProductStatus }) {
  return <span class={props.status === 'published' ? 'badge badge-good' : 'badge'}>{text.product.statuses[props.status]}</span>;
}

/** Shows how far an order is: what is still to be done stands out. */
export function OrderStatusBadge(props: { status: OrderStatus }) {
  return <span class={OF_ORDER[props.status]}>{text.order.statuses[props.status]}</span>;
}

/** Shows whether somebody may use their account. */
export function StatusBadge(props: { status: UserStatus }) {
  return <span class={OF_STATUS[props.status]}>{text.statuses[props.status]}</span>;
}
