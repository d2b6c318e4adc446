import { ShopProblem } from '@buy-from-me/client';
import type { ComponentChildren } from 'preact';
import { Failure } from './failure.tsx';
import type { Loaded } from './load.ts';
import { Waiting } from './waiting.tsx';

/** Says whether the shop has nothing at an address: 400 if what stands there can't be an id at all. */
export function isMissing(loaded: Loaded<unknown>): boolean {
  return loaded.state === 'failed' && loaded.error instanceof ShopProblem && [400, 404].includes(loaded.error.status);
}

/** Stands in place of a page whose content isn't there: `missing` if it doesn't exist. */
export function NotLoaded(props: { loaded: Loaded<unknown>; onRetry(): void; missing: ComponentChildren }) {
  const { loaded } = props;
  if (isMissing(loaded)) return <>{props.missing}</>;
  return (
    <div class="page-head">
      {loaded.state === 'failed' ? <Failure error={loaded.error} waiting={loaded.waiting} onRetry={props.onRetry} /> : <Waiting />}
    </div>
  );
}
