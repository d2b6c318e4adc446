import type { Availability, UserStatus } from '@buy-from-me/client';
import { console as text } from '@buy-from-me/text';

const OF_AVAILABILITY: Readonly<Record<Availability, string>> = {
  'in-stock': 'badge badge-good',
  'low-stock': 'badge badge-warn',
  'out-of-stock': 'badge badge-bad',
};

const OF_STATUS: Readonly<Record<UserStatus, string>> = {
  active: 'badge badge-good',
  invited: 'badge badge-warn',
  disabled: 'badge badge-bad',
};

/** Shows how much of a product there is. */
export function AvailabilityBadge(props: { availability: Availability }) {
  return <span class={OF_AVAILABILITY[props.availability]}>{text.availabilities[props.availability]}</span>;
}

/** Shows whether somebody may use their account. */
export function StatusBadge(props: { status: UserStatus }) {
  return <span class={OF_STATUS[props.status]}>{text.statuses[props.status]}</span>;
}
