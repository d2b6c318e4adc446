import { ConnectionError, ShopProblem } from '@buy-from-me/client';
import { ui } from '@buy-from-me/text';
import { useEffect, useState } from 'preact/hooks';
import { useSettings } from './app.tsx';

/** A failure in a reader's words. */
export interface Explanation {
  readonly text: string;
}

/** Asks why there was no answer: a request without CORS is answered if only CORS is in the way. */
async function isCors(api: string): Promise<boolean> {
  try {
    await fetch(`${api}/api/products?limit=1`, { mode: 'no-cors', cache: 'no-store' });
    return true;
  } catch {
    return false;
  }
}

/** Says what a failure means, in a reader's words. */
export async function explain(error: unknown, api: string): Promise<Explanation> {
  const words = ui.problems;
  if (error instanceof ConnectionError) {
    if (navigator.onLine && (await isCors(api))) {
      const text = words.cors(api, location.origin);
      console.error(text);
      return { text };
    }
    return { text: words.down(api) };
  }
  if (!(error instanceof ShopProblem)) {
    console.error(error);
    return { text: words.broken };
  }
  switch (error.status) {
    case 401:
      return { text: words.signedOut };
    case 403:
      return { text: words.forbidden };
    case 404:
      return { text: words.missing };
    case 409:
      return { text: words.conflict };
    case 422:
      return { text: words.invalid };
    case 429:
      return { text: words.tooMany(error.retryAfter ?? 60) };
    case 503:
      return { text: words.unavailable };
    default:
      return { text: words.unknown(error.requestId ?? '–') };
  }
}

/** Returns what a failure means as soon as that is known; undefined before, and without a failure. */
export function useExplanation(error: unknown): Explanation | undefined {
  const { api } = useSettings();
  const [explanation, setExplanation] = useState<Explanation>();
  useEffect(() => {
    let current = true;
    setExplanation(undefined);
    if (error !== undefined) {
      void explain(error, api).then((it) => current && setExplanation(it));
    }
    return () => {
      current = false;
    };
  }, [error, api]);
  return explanation;
}

/** Shows a failure in plain words, with a button that tries again. */
export function Failure(props: { error: unknown; waiting?: boolean; onRetry?: () => void }) {
  const explanation = useExplanation(props.error);
  return (
    <div class="notice notice-bad" role="alert">
      <p>
        {explanation?.text} {props.waiting && ui.goingOn}
      </p>
      {props.onRetry && (
        <button type="button" class="button" onClick={props.onRetry}>
          {ui.tryAgain}
        </button>
      )}
    </div>
  );
}
