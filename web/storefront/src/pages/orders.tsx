import type { Order } from '@buy-from-me/client';
import { storefront as text } from '@buy-from-me/text';
import { Failure, Page, announce, formatDate, formatMoney, href, usePages } from '@buy-from-me/ui';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { useShop } from '../shop.tsx';
import { StatusLabel } from '../status.tsx';

/** Lists the customer's orders, the newest first. */
export function OrdersPage() {
  const { client } = useShop();
  const list = usePages('orders', (signal) => client.orders.list({ limit: 10 }, { signal }));
  const { items } = list;
  const cards = useRef<HTMLUListElement>(null);
  const before = useRef(items?.length ?? 0);
  useLayoutEffect(() => {
    const shown = before.current;
    before.current = items?.length ?? 0;
    if (!items || shown === 0 || items.length === shown) return;
    announce(text.orders.shown(items.length));
    cards.current?.children[shown]?.querySelector('a')?.focus();
  }, [items]);
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
      {!items && list.error === undefined && <p class="quiet">{text.waiting}</p>}
      {list.error !== undefined && <Failure error={list.error} waiting={list.waiting} onRetry={list.showMore} />}
      {list.more && list.error === undefined && (
        <div class="more">
          <button type="button" class="button" aria-busy={list.busy} aria-disabled={list.busy} onClick={list.showMore}>
            {text.orders.showMore}
          </button>
        </div>
      )}
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
