import { type Order, type ShippingAddress, ShopProblem } from '@buy-from-me/client';
import { storefront as text } from '@buy-from-me/text';
import { Failure, Page, formatDate, formatMoney, href, useLoad } from '@buy-from-me/ui';
import { countryName } from '../checkout/countries.ts';
import { useShop } from '../shop.tsx';
import { StatusLabel } from '../status.tsx';

/** Shows one order. `thanks`: it was just placed. */
export function OrderPage({ id, thanks }: { id: string; thanks: boolean }) {
  const { client } = useShop();
  const [loaded, again] = useLoad((signal) => client.orders.get(id, { signal }), [id]);
  switch (loaded.state) {
    case 'loading':
      return <p class="page-head quiet">{text.waiting}</p>;
    case 'failed': {
      const { error } = loaded;
      if (error instanceof ShopProblem && error.status === 404) return <NoOrder />;
      return (
        <div class="page-head">
          <Failure error={error} waiting={loaded.waiting} onRetry={again} />
        </div>
      );
    }
    case 'ready':
      return <OrderView order={loaded.value} thanks={thanks} />;
  }
}

function OrderView({ order, thanks }: { order: Order; thanks: boolean }) {
  return (
    <Page
      title={thanks ? text.order.thanks : text.order.title(formatDate(order.createdAt))}
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
          {thanks && <p class="notice notice-good">{text.order.thanksText}</p>}
          <div class="stack">
            <h2 id="lines">{text.order.lines}</h2>
            <Lines order={order} />
          </div>
        </div>
        <aside class="aside card stack-wide">
          <section class="stack" aria-labelledby="address">
            <h2 id="address">{text.order.address}</h2>
            <Address address={order.shippingAddress} />
          </section>
          <section class="stack" aria-labelledby="payment">
            <h2 id="payment">{text.order.payment}</h2>
            <p>
              {text.checkout.methods[order.payment.method]}, {text.paymentStatus[order.payment.status]}
            </p>
          </section>
          <section class="stack" aria-labelledby="history">
            <h2 id="history">{text.order.history}</h2>
            <ol class="history">
              {order.history.map((step) => (
                <li key={`${step.status} ${step.at}`}>
                  <span>{text.status[step.status]}</span>
                  <time class="quiet small" dateTime={step.at}>
                    {formatDate(step.at)}
                  </time>
                </li>
              ))}
            </ol>
          </section>
        </aside>
      </div>
      <p class="after">
        <a href={href(['orders'])}>{text.order.back}</a>
      </p>
    </Page>
  );
}

function Lines({ order }: { order: Order }) {
  return (
    <div class="table-scroll" tabIndex={0} role="region" aria-labelledby="lines">
      <table>
        <thead>
          <tr>
            <th scope="col">{text.order.product}</th>
            <th scope="col" class="cell-number">
              {text.order.quantity}
            </th>
            <th scope="col" class="cell-number cell-each">
              {text.order.each}
            </th>
            <th scope="col" class="cell-number">
              {text.order.sum}
            </th>
          </tr>
        </thead>
        <tbody>
          {order.lines.map((line) => (
            <tr key={line.productId}>
              <td>
                <a href={href(['products', line.productId])}>{line.name}</a>
              </td>
              <td class="cell-number number">{line.quantity}</td>
              <td class="cell-number cell-each number">{formatMoney(line.unitPrice)}</td>
              <td class="cell-number number">{formatMoney(line.lineTotal)}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">{text.order.total}</th>
            <td />
            <td class="cell-each" />
            <td class="cell-number number">
              <strong>{formatMoney(order.total)}</strong>
            </td>
          </tr>
        </tfoot>
      </table>
    </div>
  );
}

function Address({ address }: { address: ShippingAddress }) {
  return (
    <address class="address">
      <p>{address.name}</p>
      <p>{address.line1}</p>
      {address.line2 && <p>{address.line2}</p>}
      <p>{`${address.postalCode} ${address.city}`}</p>
      <p>{countryName(address.country)}</p>
      {address.phone && <p>{text.order.phone(address.phone)}</p>}
    </address>
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
