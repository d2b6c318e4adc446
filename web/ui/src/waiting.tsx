import { ui } from '@buy-from-me/text';
import { useEffect, useState } from 'preact/hooks';

/** After how many milliseconds waiting is worth a word. */
export const SLOW_MS = 4000;

/**
 * Stands where something is being loaded; after a while it says that this takes long.
 * `quiet`: until then it says nothing, since something else shows that one waits.
 */
export function Waiting(props: { quiet?: boolean }) {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), SLOW_MS);
    return () => clearTimeout(timer);
  }, []);
  const words = slow ? ui.slow : !props.quiet && ui.loading;
  return (
    <div role="status">{words && <p class="quiet waiting">{words}</p>}</div>
  );
}
