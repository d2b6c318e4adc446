import type { Availability } from '@buy-from-me/client';
import { storefront as text } from '@buy-from-me/text';

const looks = { 'in-stock': 'good', 'low-stock': 'warn', 'out-of-stock': 'bad' } as const;

/** Says whether a product can be had. */
export function AvailabilityLabel(props: { availability: Availability }) {
  return <span class={`availability availability-${looks[props.availability]}`}>{text.availability[props.availability]}</span>;
}
