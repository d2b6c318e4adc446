import { ConnectionError, type Order, ShopProblem } from '@buy-from-me/client';
import { storefront as text } from '@buy-from-me/text';
import {
  Address, ConfirmDialog, NotLoaded, OrderHistory, OrderLines, Page, PaymentLine, announce, forgetPages, formatDate, formatMoney, href, useAction,
  useLatest,
} from '@buy-from-me/ui';
import { useState } from 'preact/hooks';
import { useShop } from '../shop.tsx';
import { StatusLabel, isCancellable } from '../status.tsx';

/** Shows one order. `thanks`: it was just placed. */
export function OrderPage({ id, thanks }: { id: string; thanks: boolean }) {
  const { client } = useShop();
  const { value: order, loaded, again, set } = useLatest((signal) => client.orders.get(id, { signal }), [id]);
  if (order) return <OrderView order={order} thanks={thanks} onChanged={set} />;
  return <NotLoaded loaded={loaded} onRetry={again} missing={<NoOrder />} />;
}

function OrderView({ order, thanks, onChanged }: { order: Order; thanks: boolean; onChanged(order: Order): void }) {
  const isPlaced = thanks && order.status !== 'cancelled';
  return (
    <Page
      title={isPlaced ? text.order.thanks : text.order.title(formatDate(order.createdAt))}
      suffix={text.shop}
      lead={
        <p class="row">
          <StatusLabel status={order.status} />
          <span class="quiet small">
            {text.order.number} <span class="mono">{order.orderId}</span>
          </span>
        </p>
      }
    >
      <div class="with-aside">
        <div class="stack-wide">
          {isPlaced && <p class="notice notice-good">{text.order.thanksText}</p>}
          <div class="stack">
            <h2 id="lines">{text.order.lines}</h2>
            <OrderLines order={order} />
          </div>
          <CancelOrder order={order} onChanged={onChanged} />
        </div>
        <aside class="aside card stack-wide">
          <section class="stack" aria-labelledby="address">
            <h2 id="address">{text.order.address}</h2>
            <Address address={order.shippingAddress} />
          </section>
          <section class="stack" aria-labelledby="payment">
            <h2 id="payment">{text.order.payment}</h2>
            <PaymentLine payment={order.payment} />
          </section>
          <section class="stack" aria-labelledby="history">
            <h2 id="history">{text.order.history}</h2>
            <OrderHistory history={order.history} statuses={text.status} />
          </section>
        </aside>
      </div>
      <p class="after">
        <a href={href(['orders'])}>{text.order.back}</a>
      </p>
    </Page>
  );
}

/**
 * Cancels an order, after it has asked, as long as that is possible. What came of it when the
 * answer is lost, or when the order has moved on, is told by the order itself, read anew.
 */
function CancelOrder({ order, onChanged }: { order: Order; onChanged(order: Order): void }) {
  const { client } = useShop();
  const [asking, setAsking] = useState(false);
  const [told, setTold] = useState<{ text: string; done: boolean }>();
  const cancel = useAction(async () => {
    let now: Order;
    try {
      now = await client.orders.cancel(order.orderId);
    } catch (error) {
      const isOver = error instanceof ShopProblem && error.status === 409;
      if (!isOver && !(error instanceof ConnectionError)) throw error;
      now = await client.orders.get(order.orderId);
      // The order is as it was: nothing came of it.
      if (isCancellable(now)) throw error;
    }
    // The list has it as it was.
    forgetPages();
    const done = now.status === 'cancelled';
    const words = done ? text.order.cancelled : text.order.tooLate(text.status[now.status]);
    setAsking(false);
    setTold({ text: words, done });
    onChanged(now);
    announce(words);
    document.querySelector<HTMLElement>('h1')?.focus();
  });
  return (
    <>
      {told && <p class={`notice ${told.done ? 'notice-good' : 'notice-warn'}`}>{told.text}</p>}
      {isCancellable(order) && (
        <div class="row row-apart">
          <p class="quiet small">{text.order.cancelHint}</p>
          <button type="button" class="button" onClick={() => setAsking(true)}>
            {text.order.cancel}
          </button>
        </div>
      )}
      {asking && (
        <ConfirmDialog
          title={text.order.cancelTitle}
          text={order.payment.status === 'paid' ? text.order.cancelPaidText : text.order.cancelText(formatMoney(order.total))}
          confirm={text.order.cancelYes}
          cancel={text.order.cancelNo}
          action={cancel}
          onConfirm={() => void cancel.run()}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}

function NoOrder() {
  return (
    <Page title={text.order.notFound} suffix={text.shop} lead={<p class="quiet">{text.order.notFoundText}</p>}>
      <p>
        <a class="button" href={href(['orders'])}>
          {text.order.back}
        </a>
      </p>
    </Page>
  );
}
