import { type Cart, type CartItem, ShopProblem } from '@buy-from-me/client';
import { storefront as text } from '@buy-from-me/text';
import { Failure, Page, Waiting, announce, formatMoney, href, useAction } from '@buy-from-me/ui';
import { useEffect, useRef, useState } from 'preact/hooks';
import { AvailabilityLabel } from '../availability.tsx';
import { LineQuantity, RemoveLine } from '../cart-line.tsx';
import { countPieces, isTooMany, sortedOut } from '../cart-state.ts';
import { parseQuantity } from '../quantity.tsx';
import { useCart, useShop } from '../shop.tsx';

/** How long typing or clicking must pause before a quantity is sent, in milliseconds. */
const SETTLED_MS = 350;

/** Shows the cart, and lets its quantities be changed. */
export function CartPage() {
  const shop = useShop();
  const { cart, error } = useCart();
  useEffect(() => void shop.cart.load(), []);
  if (!cart) {
    return (
      <Page title={text.cart.title} suffix={text.shop}>
        {error === undefined ? (
          <Waiting />
        ) : (
          <Failure error={error} waiting onRetry={() => void shop.cart.load()} />
        )}
      </Page>
    );
  }
  if (cart.items.length === 0) return <EmptyCart />;
  return <FullCart cart={cart} />;
}

function EmptyCart() {
  return (
    <Page key="empty" title={text.cart.empty} suffix={text.shop} lead={<p class="quiet">{text.cart.emptyText}</p>}>
      <p>
        <a class="button button-primary" href={href([])}>
          {text.cart.browse}
        </a>
      </p>
    </Page>
  );
}

function FullCart({ cart }: { cart: Cart }) {
  const { buyable, others } = sortedOut(cart);
  return (
    <Page key="full" title={text.cart.title} suffix={text.shop}>
      <div class="with-aside">
        <ul class="cart-lines">
          {cart.items.map((line) => (
            <Line key={line.productId} line={line} />
          ))}
        </ul>
        <section class="aside card stack" aria-labelledby="summary">
          <h2 id="summary">{text.cart.summary}</h2>
          <p class="row row-apart quiet">
            <span>{text.cart.subtotal(countPieces(buyable))}</span>
            <span class="small">{text.cart.priceNote}</span>
          </p>
          <p class="row row-apart total">
            <span>{text.cart.total}</span>
            <strong class="number">{formatMoney(cart.total)}</strong>
          </p>
          {others.length > 0 && (
            <p class="notice notice-warn" role="status">
              {buyable.length > 0 ? text.cart.notCounted : text.cart.nothingToBuy}
            </p>
          )}
          {buyable.length > 0 && (
            <a class="button button-primary" href={href(['checkout'])}>
              {text.cart.checkout}
            </a>
          )}
        </section>
      </div>
    </Page>
  );
}

function Line({ line }: { line: CartItem }) {
  const shop = useShop();
  const { productId, name } = line;
  const [typed, setTyped] = useState(String(line.quantity));
  const editing = useRef(false);
  const item = useRef<HTMLLIElement>(null);

  const change = useAction(async () => {
    const quantity = parseQuantity(typed);
    if (quantity === undefined) return;
    await shop.cart.set(productId, quantity);
    editing.current = false;
    announce(text.cart.changed(name, quantity));
  });
  const remove = useAction(async () => {
    // The focus goes to a neighbour, since what has it goes away.
    const next = item.current?.nextElementSibling ?? item.current?.previousElementSibling;
    const link = next?.querySelector<HTMLElement>('a');
    await shop.cart.remove(productId);
    announce(text.cart.removed(name));
    (link ?? document.querySelector<HTMLElement>('h1'))?.focus();
  });

  useEffect(() => {
    if (!editing.current) setTyped(String(line.quantity));
  }, [line.quantity]);
  useEffect(() => {
    if (!editing.current || change.busy || parseQuantity(typed) === undefined || typed === String(line.quantity)) return;
    const timer = setTimeout(() => void change.run(), SETTLED_MS);
    return () => clearTimeout(timer);
  }, [typed, change.busy]);

  const error = change.error ?? remove.error;
  const gone = error instanceof ShopProblem && error.status === 404;
  return (
    <li class={line.purchasable ? 'cart-line' : 'cart-line cart-line-off'} ref={item}>
      <div class="cart-line-words">
        <h2 class="cart-line-name">
          <a href={href(['products', productId])}>{name}</a>
        </h2>
        <p class="row small">
          <span class="quiet number">{text.cart.each(formatMoney(line.unitPrice))}</span>
          <AvailabilityLabel availability={line.availability} />
        </p>
      </div>
      <LineQuantity
        name={name}
        value={typed}
        onValue={(next) => {
          editing.current = true;
          setTyped(next);
        }}
        // Of what there is nothing of, fewer can't be bought either.
        disabled={!line.purchasable && !isTooMany(line)}
      />
      <p class="cart-line-total number" aria-busy={change.busy}>
        {line.purchasable ? formatMoney(line.lineTotal) : <span class="small">{text.cart.left}</span>}
      </p>
      <RemoveLine name={name} busy={remove.busy} onRemove={() => void remove.run()} plain />
      {!line.purchasable && (
        <p class="field-error cart-line-note" role="status">
          {isTooMany(line) ? text.cart.tooMany(line.quantity) : text.cart.noLonger}
        </p>
      )}
      {parseQuantity(typed) === undefined && <p class="field-error cart-line-note">{text.product.noQuantity}</p>}
      {gone && <p class="field-error cart-line-note">{text.cart.gone}</p>}
      {error !== undefined && !gone && (
        <div class="cart-line-note">
          <Failure error={error} onRetry={() => void (change.error !== undefined ? change.run() : remove.run())} />
        </div>
      )}
    </li>
  );
}
