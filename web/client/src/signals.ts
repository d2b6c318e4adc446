/** Waits so many milliseconds, or rejects with the signal's reason. */
export function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const abort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', abort);
      resolve();
    }, milliseconds);
    signal.addEventListener('abort', abort, { once: true });
  });
}

/** Settles as the promise does, or rejects with the signal's reason if that comes first. */
export function withSignal<Value>(promise: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    void promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort);
  });
}

/**
 * Runs something under a signal that follows several. `AbortSignal.any` would
 * do, but that of Node 20 may be collected as garbage while it is waited for.
 */
export async function underSignals<Value>(
  signals: (AbortSignal | undefined)[],
  run: (signal: AbortSignal, abort: (reason: unknown) => void) => Promise<Value>,
): Promise<Value> {
  const controller = new AbortController();
  const abort = (reason: unknown) => controller.abort(reason);
  const over = new AbortController();
  try {
    for (const signal of signals) {
      signal?.throwIfAborted();
      signal?.addEventListener('abort', () => abort(signal.reason), { signal: over.signal });
    }
    return await run(controller.signal, abort);
  } finally {
    over.abort();
  }
}
