import { ConnectionError, SessionEnded, ShopProblem } from '@buy-from-me/client';
import { ui } from '@buy-from-me/text';
import { useEffect, useState } from 'preact/hooks';
import { useSettings } from './app.tsx';
import { secondsToWait } from './retry.ts';

/** A failure in a reader's words. */
export interface Explanation {
  readonly text: string;
}

let answered = false;

/** Notes that the shop's answers can be read here: that it gives none has no longer to do with CORS. */
export function noteAnswer(): void {
  answered = true;
}

/**
 * Asks why there was no answer: a request without CORS is answered if only CORS is in the
 * way. False says nothing: the shop lets pages of its own site alone read even those.
 */
async function isCors(api: string): Promise<boolean> {
  try {
    await fetch(`${api}/api/products?limit=1`, { mode: 'no-cors', cache: 'no-store' });
    return true;
  } catch {
    return false;
  }
}

let lastLogged = '';

/** Writes an explanation to the console too, once in a row. */
function logged(text: string): Explanation {
  if (text !== lastLogged) console.error(text);
  lastLogged = text;
  return { text };
}

/** Says what a failure means, in a reader's words. */
export async function explain(error: unknown, api: string): Promise<Explanation> {
  const words = ui.problems;
  if (error instanceof ConnectionError) {
    if (answered) return { text: words.down(api) };
    const text = (await isCors(api)) ? words.cors : words.downOrCors;
    return logged(text(api, location.origin));
  }
  if (error instanceof SessionEnded) return { text: words.signedOut };
  if (!(error instanceof ShopProblem)) {
    console.error(error);
    return { text: words.broken };
  }
  noteAnswer();
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
      return { text: words.tooMany(secondsToWait(error, 60)) };
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
    // Of a failure that follows another the words are kept until there are newer ones, so that
    // what is tried again and again is not read out again and again.
    if (error === undefined) setExplanation(undefined);
    else {
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
