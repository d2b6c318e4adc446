import type { Order, OrderStatus, ShippingAddress } from '@buy-from-me/client';
import { ui } from '@buy-from-me/text';
import { countryName, formatDate, formatMoney } from './format.ts';
import { href } from './router.ts';

const words = ui.order;

/** Shows what was ordered as a table. The element with the id `lines` is its heading. */
export function OrderLines({ order }: { order: Pick<Order, 'lines' | 'total'> }) {
  return (
    <div class="order-lines" tabIndex={0} role="region" aria-labelledby="lines">
      <table>
        <thead>
          <tr>
            <th scope="col">{words.product}</th>
            <th scope="col" class="cell-number">
              {words.quantity}
            </th>
            <th scope="col" class="cell-number cell-each">
              {words.each}
            </th>
            <th scope="col" class="cell-number">
              {words.sum}
            </th>
          </tr>
        </thead>
        <tbody>
          {order.lines.map((line) => (
            <tr key={line.productId}>
              <td>
                <a href={href(['products', line.productId])}>{line.name}</a>
              </td>
              <td class="cell-number">{line.quantity}</td>
              <td class="cell-number cell-each">{formatMoney(line.unitPrice)}</td>
              <td class="cell-number">{formatMoney(line.lineTotal)}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">{words.total}</th>
            <td />
            <td class="cell-each" />
            <td class="cell-number">
              <strong>{formatMoney(order.total)}</strong>
            </td>
          </tr>
        </tfoot>
      </table>
    </div>
  );
}

/** Shows where an order goes. */
export function Address({ address }: { address: ShippingAddress }) {
  return (
    <address class="address">
      <p>{address.name}</p>
      <p>{address.line1}</p>
      {address.line2 && <p>{address.line2}</p>}
      <p>{`${address.postalCode} ${address.city}`}</p>
      <p>{countryName(address.country)}</p>
      {address.phone && <p>{words.phone(address.phone)}</p>}
    </address>
  );
}

/** Says how an order is paid, and whether it is. */
export function PaymentLine({ payment }: { payment: Order['payment'] }) {
  return (
    <p>
      {words.methods[payment.method]}, {words.paymentStatuses[payment.status]}
    </p>
  );
}

/** Shows when an order came to which status, in the page's words. */
export function OrderHistory(props: { history: Order['history']; statuses: Readonly<Record<OrderStatus, string>> }) {
  return (
    <ol class="history">
      {props.history.map((step) => (
        <li key={`${step.status} ${step.at}`}>
          <span>{props.statuses[step.status]}</span>
          <time class="quiet small" dateTime={step.at}>
            {formatDate(step.at)}
          </time>
        </li>
      ))}
    </ol>
  );
}
