// Icons say nothing by themselves: what they stand for is written beside them, or read out.

/** A bag, for the cart. */
export function BagIcon() {
  return (
    <svg class="icon" viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
      <path d="M5 8h14l1 12H4L5 8Z" />
      <path d="M9 10V6a3 3 0 0 1 6 0v4" />
    </svg>
  );
}

/** Head and shoulders, for the account. */
export function PersonIcon() {
  return (
    <svg class="icon" viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
      <circle cx="12" cy="8" r="4" />
      <path d="M4 21c1-5 4-7 8-7s7 2 8 7" />
    </svg>
  );
}

/** A frame with hills, for a picture that there is none of. */
export function PictureIcon() {
  return (
    <svg class="icon" viewBox="0 0 24 24" width="40" height="40" aria-hidden="true">
      <rect x="3" y="5" width="18" height="14" rx="1.5" />
      <path d="m5 17 5-6 4 4 2-2 3 4" />
    </svg>
  );
}

/** One fewer. */
export function MinusIcon() {
  return (
    <svg class="icon" viewBox="0 0 24 24" width="18" height="18" aria-hidden="true">
      <path d="M6 12h12" />
    </svg>
  );
}

/** One more. */
export function PlusIcon() {
  return (
    <svg class="icon" viewBox="0 0 24 24" width="18" height="18" aria-hidden="true">
      <path d="M6 12h12M12 6v12" />
    </svg>
  );
}
