import type { Order, OrderStatus } from '@buy-from-me/client';
import { storefront as text } from '@buy-from-me/text';

const looks: Readonly<Record<OrderStatus, string>> = {
  'pending-payment': 'badge-warn',
  placed: 'badge-good',
  processing: 'badge-good',
  shipped: 'badge-good',
  delivered: 'badge-good',
  cancelled: '',
  expired: '',
  refunded: '',
};

/** Tells whether a customer may still cancel an order. */
export function isCancellable({ status }: Pick<Order, 'status'>): boolean {
  return status === 'pending-payment' || status === 'placed' || status === 'processing';
}

/** Says how far an order is. */
export function StatusLabel({ status }: { status: OrderStatus }) {
  return <span class={`badge ${looks[status]}`}>{text.status[status]}</span>;
}
