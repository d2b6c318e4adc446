import type { Cart, Money } from '@buy-from-me/client';
import { storefront as text, ui } from '@buy-from-me/text';
import { Failure, Page, Waiting, fieldErrors, focusFirstInvalid, formatMoney, href, navigate, useView } from '@buy-from-me/ui';
import { useEffect, useRef, useState } from 'preact/hooks';
import { AddressFields, emptyAddress, readAddress } from '../checkout/address.tsx';
import { CheckoutFlow } from '../checkout/flow.ts';
import { Notice } from '../checkout/notice.tsx';
import { sortedOut } from '../cart-state.ts';
import { forgetCheckout, keepCheckout, keptCheckout } from '../kept.ts';
import { useCart, usePerson, useShop } from '../shop.tsx';

/** Asks where to and how to pay, and places the order. */
export function CheckoutPage() {
  const shop = useShop();
  const { userId } = usePerson();
  const [flow] = useState(() => new CheckoutFlow(shop.client, (attempt) => keepCheckout(userId, { attempt })));
  const view = useView(flow);
  const { cart, error } = useCart();

  useEffect(() => {
    const kept = keptCheckout(userId)?.attempt;
    if (kept) flow.resume(kept);
    else void shop.cart.load();
    const ask = () => flow.ask();
    addEventListener('online', ask);
    return () => {
      removeEventListener('online', ask);
      flow.close();
    };
  }, [flow]);
  useEffect(() => {
    if (view.state === 'refused') void shop.cart.load();
    if (view.state !== 'placed') return;
    forgetCheckout();
    void shop.cart.load();
    navigate(href(['orders', view.order.orderId], { placed: 'yes' }), { replace: true });
  }, [view]);

  if (view.state === 'placed') return <div class="page-head"><Waiting /></div>;
  const open = view.state === 'sending' || view.state === 'unknown';
  if (!cart && !open) {
    return (
      <Page title={text.checkout.title} suffix={text.shop}>
        {error === undefined ? (
          <Waiting />
        ) : (
          <Failure error={error} waiting onRetry={() => void shop.cart.load()} />
        )}
      </Page>
    );
  }
  if (cart?.items.length === 0 && !open) return <NothingToOrder />;
  return <CheckoutForm flow={flow} cart={cart} />;
}

function CheckoutForm({ flow, cart }: { flow: CheckoutFlow; cart: Cart | undefined }) {
  const { userId, name } = usePerson();
  const view = useView(flow);
  const kept = useRef(keptCheckout(userId)).current;
  const [address, setAddress] = useState(kept?.address ?? emptyAddress(name));
  const form = useRef<HTMLFormElement>(null);
  const locked = view.state === 'sending' || view.state === 'unknown';
  const errors = fieldErrors(view.state === 'refused' ? view.error : undefined);
  // What an attempt that was interrupted is about may be less than the cart now holds.
  const [ordered, setOrdered] = useState<Money | undefined>(kept?.attempt?.request.expectedTotal);
  const total = locked ? (ordered ?? cart?.total) : cart?.total;
  const { buyable } = sortedOut(cart);
  const nothing = !locked && buyable.length === 0;

  useEffect(() => {
    if (view.state === 'refused') focusFirstInvalid(form.current);
  }, [view]);

  const submit = (event: Event) => {
    event.preventDefault();
    if (locked || nothing || !cart) return;
    setOrdered(cart.total);
    flow.place({ expectedTotal: cart.total, shippingAddress: readAddress(address), paymentMethod: 'invoice' });
  };
  return (
    <Page title={text.checkout.title} suffix={text.shop}>
      <form class="with-aside" ref={form} noValidate onSubmit={submit}>
        <div class="stack-wide">
          <Notice view={view} cart={cart} onAsk={() => flow.ask()} />
          <AddressFields
            address={address}
            errors={errors}
            locked={locked}
            onAddress={(next) => {
              setAddress(next);
              keepCheckout(userId, { address: next });
            }}
          />
          <fieldset class="form">
            <legend>{text.checkout.payment}</legend>
            <label class="choice">
              <input type="radio" name="paymentMethod" value="invoice" checked readOnly />
              <span>
                {ui.order.methods.invoice}
                <span class="field-hint">{text.checkout.methodHints.invoice}</span>
              </span>
            </label>
          </fieldset>
        </div>
        <section class="aside card stack" aria-labelledby="summary">
          <h2 id="summary">{text.checkout.summary}</h2>
          {buyable.length > 0 && (
            <ul class="summary-lines">
              {buyable.map((line) => (
                <li key={line.productId}>
                  <span>{text.checkout.line(line.quantity, line.name)}</span>
                  <span class="number">{formatMoney(line.lineTotal)}</span>
                </li>
              ))}
            </ul>
          )}
          <p class="row row-apart total">
            <span>{text.cart.total}</span>
            {total && <strong class="number">{formatMoney(total)}</strong>}
          </p>
          {nothing ? (
            <p class="quiet">{text.checkout.nothing}</p>
          ) : (
            <button
              type={locked ? 'button' : 'submit'}
              class="button button-primary"
              aria-busy={view.state === 'sending'}
              aria-disabled={locked}
            >
              {locked || !total ? text.checkout.placing : text.checkout.place(formatMoney(total))}
            </button>
          )}
          {view.state === 'sending' && <Waiting quiet />}
          {!locked && (
            <a class="small" href={href(['cart'])}>
              {text.checkout.changeCart}
            </a>
          )}
        </section>
      </form>
    </Page>
  );
}

function NothingToOrder() {
  return (
    <Page title={text.checkout.empty} suffix={text.shop} lead={<p class="quiet">{text.checkout.emptyText}</p>}>
      <p class="row">
        <a class="button" href={href([])}>
          {text.cart.browse}
        </a>
        <a class="button button-plain" href={href(['orders'])}>
          {text.checkout.toOrders}
        </a>
      </p>
    </Page>
  );
}
