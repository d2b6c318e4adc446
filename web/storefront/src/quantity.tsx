import { useId } from 'preact/hooks';
import { MinusIcon, PlusIcon } from './icons.tsx';

/** The most of one product that a cart takes. */
export const MAX_QUANTITY = 99;

/** Reads a quantity that somebody typed; undefined if it is none that a cart takes. */
export function parseQuantity(typed: string): number | undefined {
  const quantity = /^\s*\d{1,2}\s*$/.test(typed) ? Number(typed) : 0;
  return quantity >= 1 ? quantity : undefined;
}

/** A number from 1 to 99 that can be typed, or counted up and down. */
export function Quantity(props: {
  label: string;
  labelShown?: boolean;
  fewer: string;
  more: string;
  /** As it was typed: it may be no quantity. */
  value: string;
  onValue(value: string): void;
  disabled?: boolean;
}) {
  const id = useId();
  const quantity = parseQuantity(props.value);
  const step = (by: number) => props.onValue(String(Math.min(MAX_QUANTITY, Math.max(1, (quantity ?? 1) + by))));
  const locked = !!props.disabled;
  return (
    <div class="quantity-field">
      <label for={id} class={props.labelShown ? 'quantity-label' : 'hidden-visually'}>
        {props.label}
      </label>
      <div class="quantity">
        <button type="button" aria-label={props.fewer} aria-disabled={locked || quantity === 1} onClick={() => !locked && step(-1)}>
          <MinusIcon />
        </button>
        <input
          id={id}
          class="number"
          type="text"
          inputMode="numeric"
          autocomplete="off"
          maxLength={2}
          value={props.value}
          readOnly={locked}
          aria-invalid={quantity === undefined}
          onInput={(event) => props.onValue(event.currentTarget.value)}
        />
        <button
          type="button"
          aria-label={props.more}
          aria-disabled={locked || quantity === MAX_QUANTITY}
          onClick={() => !locked && step(1)}
        >
          <PlusIcon />
        </button>
      </div>
    </div>
  );
}
