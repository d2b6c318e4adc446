import type { Order } from '@buy-from-me/client';
import { storefront as text } from '@buy-from-me/text';
import { Failure, Page, Waiting, formatDate, formatMoney, href, usePages } from '@buy-from-me/ui';
import { useRef } from 'preact/hooks';
import { ShowMore, useGrowth } from '../list.tsx';
import { useShop } from '../shop.tsx';
import { StatusLabel } from '../status.tsx';

/** Lists the customer's orders, the newest first. */
export function OrdersPage() {
  const { client } = useShop();
  const list = usePages('orders', (signal) => client.orders.list({ limit: 10 }, { signal }));
  const { items } = list;
  const cards = useRef<HTMLUListElement>(null);
  useGrowth(cards, items?.length, text.orders.shown);
  return (
    <Page
      title={text.orders.title}
      suffix={text.shop}
      {...(items?.length === 0 && { lead: <p class="quiet">{text.orders.none}</p> })}
    >
      {items && items.length > 0 && (
        <ul class="stack" ref={cards} aria-label={text.orders.list}>
          {items.map((order) => (
            <OrderCard key={order.orderId} order={order} />
          ))}
        </ul>
      )}
      {items?.length === 0 && (
        <div class="stack">
          <p>{text.orders.noneText}</p>
          <p>
            <a class="button" href={href([])}>
              {text.cart.browse}
            </a>
          </p>
        </div>
      )}
      {!items && list.error === undefined && <Waiting />}
      {list.error !== undefined && <Failure error={list.error} waiting={list.waiting} onRetry={list.showMore} />}
      <ShowMore list={list}>{text.orders.showMore}</ShowMore>
    </Page>
  );
}

function OrderCard({ order }: { order: Order }) {
  const count = order.lines.reduce((sum, line) => sum + line.quantity, 0);
  return (
    <li class="card order-card">
      <div>
        <h2 class="order-card-title">
          <a href={href(['orders', order.orderId])}>{text.orders.of(formatDate(order.createdAt))}</a>
        </h2>
        <p class="quiet">{order.lines.map((line) => line.name).join(', ')}</p>
      </div>
      <p class="order-card-facts">
        <StatusLabel status={order.status} />
        <span class="quiet small">{text.orders.items(count)}</span>
        <strong class="number">{formatMoney(order.total)}</strong>
      </p>
    </li>
  );
}
