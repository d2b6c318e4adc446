import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';

/** How long it takes until a picture that could not be loaded is asked for again, each time. */
const PAUSES_MS = [1000, 3000, 10_000] as const;

/** What an image element is told. */
interface Shown {
  readonly src: string;
  readonly srcset?: string | undefined;
  readonly sizes?: string | undefined;
  readonly alt: string;
  readonly width: number;
  readonly height: number;
  readonly loading?: 'eager' | 'lazy';
  readonly class?: string;
}

/**
 * Shows a picture, and `fallback`, if there is one, while it can't be loaded. It is asked for
 * a few times more: that of a product just published can be seen a moment later.
 */
export function RetriedImage({ fallback, ...shown }: Shown & { fallback?: ComponentChildren }) {
  const address = `${shown.src} ${shown.srcset}`;
  const asked = { address, failures: 0, isWaiting: false };
  const [last, set] = useState(asked);
  // What became of another address is forgotten, also for when that one comes back.
  if (last.address !== address) set(asked);
  const { failures, isWaiting } = last.address === address ? last : asked;
  useEffect(() => {
    const pause = isWaiting ? PAUSES_MS[failures - 1] : undefined;
    if (pause === undefined) return;
    const timer = setTimeout(() => set({ address, failures, isWaiting: false }), pause);
    return () => clearTimeout(timer);
  }, [address, failures, isWaiting]);
  if (isWaiting && fallback !== undefined) return <>{fallback}</>;
  // Another picture takes the place of this one in the same element, which shows this one until
  // it is there; only what failed needs an element anew, and not before its pause is over.
  const key = isWaiting ? failures - 1 : failures;
  const fail = () => set({ address, failures: failures + 1, isWaiting: true });
  return <img key={key} {...shown} decoding="async" onError={isWaiting ? undefined : fail} />;
}
