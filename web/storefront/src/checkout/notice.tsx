import { type Cart, type CartItem, ShopProblem } from '@buy-from-me/client';
import { storefront as text } from '@buy-from-me/text';
import { Failure, formatMoney, secondsToWait, useAction, useExplanation } from '@buy-from-me/ui';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { LineQuantity, RemoveLine } from '../cart-line.tsx';
import { isTooMany, sortedOut } from '../cart-state.ts';
import { parseQuantity } from '../quantity.tsx';
import { useShop } from '../shop.tsx';
import type { Checkout } from './flow.ts';

/** Says why there is no order yet, and what one can do. */
export function Notice(props: { view: Checkout; cart: Cart | undefined; onAsk(): void }) {
  const { view } = props;
  switch (view.state) {
    case 'editing':
      return <NotBuyable cart={props.cart} />;
    case 'placed':
      return null;
    case 'sending':
      return view.lost ? <Unknown asking onAsk={props.onAsk} /> : null;
    case 'unknown':
      return <Unknown error={view.error} onAsk={props.onAsk} />;
    case 'refused':
      return <Refused error={view.error} before={formatMoney(view.request.expectedTotal)} cart={props.cart} />;
  }
}

/** Names what the cart holds and can't be bought as it is, before anything is sent. */
function NotBuyable({ cart }: { cart: Cart | undefined }) {
  const { others } = sortedOut(cart);
  if (others.length === 0) return null;
  return (
    <section class="notice notice-warn" aria-labelledby="short">
      <div class="stack">
        <h2 id="short">{text.checkout.short}</h2>
        <p>{text.checkout.shortText}</p>
        <ShortLines lines={others} />
      </div>
    </section>
  );
}

function ShortLines({ lines }: { lines: readonly CartItem[] }) {
  return (
    <ul class="stack">
      {lines.map((line) => (
        <ShortLine key={line.productId} line={line} />
      ))}
    </ul>
  );
}

function Unknown(props: { asking?: boolean; error?: unknown; onAsk(): void }) {
  const explanation = useExplanation(props.error);
  return (
    <section class="notice notice-warn" role="alert">
      <div class="stack">
        <h2>{text.checkout.unknown}</h2>
        <p>{text.checkout.unknownText}</p>
        {explanation && <p class="small">{explanation.text}</p>}
      </div>
      <button type="button" class="button" aria-busy={!!props.asking} aria-disabled={!!props.asking} onClick={props.onAsk}>
        {props.asking ? text.checkout.asking : text.checkout.tryNow}
      </button>
    </section>
  );
}

/** A notice that is read out, and seen, since it takes the focus. */
function Told(props: { title: string; children: ComponentChildren }) {
  const box = useRef<HTMLElement>(null);
  useEffect(() => {
    box.current?.focus();
  }, []);
  return (
    <section class="notice notice-warn" role="alert" tabIndex={-1} ref={box}>
      <div class="stack">
        <h2>{props.title}</h2>
        {props.children}
      </div>
    </section>
  );
}

function Refused(props: { error: unknown; before: string; cart: Cart | undefined }) {
  const { error } = props;
  if (!(error instanceof ShopProblem)) return <Failure error={error} />;
  switch (error.code) {
    case 'price-changed':
      return (
        <>
          <Told title={text.checkout.priceChanged}>
            <p>{text.checkout.priceChangedText(props.before, formatMoney(error.total))}</p>
          </Told>
          <NotBuyable cart={props.cart} />
        </>
      );
    case 'out-of-stock': {
      const short = props.cart?.items.filter((it) => !it.purchasable || error.products.includes(it.productId)) ?? [];
      if (short.length === 0) return null;
      return (
        <Told title={text.checkout.outOfStock}>
          <p>{text.checkout.outOfStockText}</p>
          <ShortLines lines={short} />
        </Told>
      );
    }
    case 'cart-changed':
      return (
        <>
          <Told title={text.checkout.cartChanged}>
            <p>{text.checkout.cartChangedText}</p>
          </Told>
          <NotBuyable cart={props.cart} />
        </>
      );
    case 'idempotency-mismatch':
      return (
        <Told title={text.checkout.again}>
          <p>{text.checkout.againText}</p>
        </Told>
      );
    case 'rate-limited':
      return (
        <p class="notice notice-warn" role="alert">
          {text.checkout.tooMany(secondsToWait(error, 60))}
        </p>
      );
    // The page itself says that the cart is empty.
    case 'empty-cart':
      return null;
    default:
      return <Failure error={error} />;
  }
}

/** A line of which there is less in stock: lower it, or remove it. */
function ShortLine({ line }: { line: CartItem }) {
  const { cart } = useShop();
  const { productId, name } = line;
  const [typed, setTyped] = useState(String(line.quantity));
  const change = useAction(async (quantity: number) => {
    await (quantity === 0 ? cart.remove(productId) : cart.set(productId, quantity));
  });
  return (
    <li class="short-line">
      <span>{name}</span>
      {/* Of what there is nothing of, fewer can't be bought either. */}
      {(line.purchasable || isTooMany(line)) && (
        <LineQuantity
          name={name}
          value={typed}
          onValue={(next) => {
            setTyped(next);
            const quantity = parseQuantity(next);
            if (quantity !== undefined) void change.run(quantity);
          }}
          disabled={change.busy}
        />
      )}
      <RemoveLine name={name} busy={change.busy} onRemove={() => void change.run(0)} />
      {change.error !== undefined && <Failure error={change.error} />}
    </li>
  );
}
