import { console as text } from '@buy-from-me/text';
import { useEffect, useState } from 'preact/hooks';

/** After how many milliseconds an answer is late. */
const LATE = 4000;

/** Says that the shop is slow, once somebody has waited for a while. */
export function SlowNote({ busy }: { busy: boolean }) {
  const [late, setLate] = useState(false);
  useEffect(() => {
    if (!busy) return undefined;
    const timer = setTimeout(() => setLate(true), LATE);
    return () => {
      clearTimeout(timer);
      setLate(false);
    };
  }, [busy]);
  return (
    <p class="slow" role="status">
      {late && text.slow}
    </p>
  );
}
