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
export function Image({ fallback, ...shown }: Shown & { fallback?: ComponentChildren }) {
  return <Attempts key={`${shown.src} ${shown.srcset}`} shown={shown} fallback={fallback} />;
}

function Attempts({ shown, fallback }: { shown: Shown; fallback: ComponentChildren }) {
  const [{ before, failed }, set] = useState({ before: 0, failed: false });
  useEffect(() => {
    const pause = failed ? PAUSES_MS[before] : undefined;
    if (pause === undefined) return;
    const timer = setTimeout(() => set({ before: before + 1, failed: false }), pause);
    return () => clearTimeout(timer);
  }, [before, failed]);
  if (failed && fallback !== undefined) return <>{fallback}</>;
  return <img key={before} {...shown} decoding="async" onError={() => set({ before, failed: true })} />;
}
