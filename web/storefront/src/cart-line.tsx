import { storefront as text } from '@buy-from-me/text';
import { Quantity } from './quantity.tsx';

/** The quantity of a line of the cart, by the name of its product. */
export function LineQuantity(props: { name: string; value: string; onValue(value: string): void; disabled: boolean }) {
  const { name, ...quantity } = props;
  return <Quantity {...quantity} label={text.cart.quantityOf(name)} fewer={text.cart.fewerOf(name)} more={text.cart.moreOf(name)} />;
}

/** The button that takes a line out of the cart. */
export function RemoveLine(props: { name: string; busy: boolean; onRemove(): void; plain?: boolean }) {
  return (
    <button
      type="button"
      class={props.plain ? 'button button-plain button-small' : 'button button-small'}
      aria-label={text.cart.removeOf(props.name)}
      aria-busy={props.busy}
      aria-disabled={props.busy}
      onClick={props.onRemove}
    >
      {text.cart.remove}
    </button>
  );
}
