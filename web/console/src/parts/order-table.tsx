import type { StaffOrderSummary } from '@buy-from-me/client';
import { console as text, ui } from '@buy-from-me/text';
import { formatDate, formatMoney, href } from '@buy-from-me/ui';
import { shortId } from '../short.ts';
import { OrderStatusBadge } from './badges.tsx';
import { type Column, Table } from './table.tsx';

const words = text.orders;

const COLUMNS: readonly Column<StaffOrderSummary>[] = [
  {
    label: words.columns.order,
    class: 'cell-main',
    cell: (it) => (
      <a class="mono" href={href(['orders', it.userId, it.orderId])} title={it.orderId}>
        {shortId(it.orderId)}
      </a>
    ),
  },
  {
    label: words.columns.created,
    class: 'cell-day',
    cell: (it) => <time dateTime={it.createdAt}>{formatDate(it.createdAt)}</time>,
  },
  { label: words.columns.status, cell: (it) => <OrderStatusBadge status={it.status} /> },
  { label: words.columns.payment, cell: (it) => ui.order.paymentStatuses[it.payment.status] },
  { label: words.columns.total, class: 'cell-number', cell: (it) => formatMoney(it.total) },
];

/** A table of orders, each of which leads to its page. */
export function OrderTable({ orders }: { orders: readonly StaffOrderSummary[] }) {
  return <Table caption={words.caption} columns={COLUMNS} items={orders} itemKey={(it) => it.orderId} />;
}
