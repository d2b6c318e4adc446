import type { RefObject } from 'preact';
import { type Inputs, useEffect, useRef } from 'preact/hooks';

/**
 * Returns a ref for a navigation that may be wider than its room. Whenever `inputs` change it is
 * scrolled so far that the link to the present page (`aria-current`) is in view.
 */
export function useCurrentInView<Element extends HTMLElement>(inputs: Inputs): RefObject<Element | null> {
  const navigation = useRef<Element>(null);
  useEffect(() => {
    const element = navigation.current;
    const link = element?.querySelector('[aria-current]');
    if (!element || !link) return;
    const [room, place] = [element.getBoundingClientRect(), link.getBoundingClientRect()];
    if (place.right > room.right) element.scrollLeft += place.right - room.right;
    if (place.left < room.left) element.scrollLeft += place.left - room.left;
  }, inputs);
  return navigation;
}
