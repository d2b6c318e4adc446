// Routes stand in the fragment (`#/products/prod_…?sort=price`): any static host
// serves the page without rewriting, and no server's log has what a customer looks at.
import { useEffect, useState } from 'preact/hooks';
import { keepPlaces, leavePlace } from './place.ts';

/** Where the reader is. */
export interface Route {
  /** The parts of the path, decoded: `#/products/p1` is `['products', 'p1']`. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
}

/** Reads a route out of a fragment. What can't be decoded is taken as it stands. */
export function parseRoute(fragment: string): Route {
  const [, path = '', query = ''] = /^#?\/?([^?]*)\??(.*)$/s.exec(fragment) ?? [];
  const decode = (part: string) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  };
  return {
    path: path.split('/').filter((part) => part !== '').map(decode),
    query: new URLSearchParams(query),
  };
}

/** Returns the address of a route, for `href`. Query members that are empty are left out. */
export function href(path: readonly string[], query: Record<string, string | undefined> = {}): string {
  const members = Object.entries(query).filter((it): it is [string, string] => !!it[1]);
  const search = members.length > 0 ? `?${new URLSearchParams(members)}` : '';
  return `#/${path.map(encodeURIComponent).join('/')}${search}`;
}

let current: Route | undefined;
const listeners = new Set<(route: Route) => void>();

/** Reads the address anew and tells all who show something of it. */
function arrive(): void {
  leavePlace();
  const route = parseRoute(location.hash);
  current = route;
  listeners.forEach((listener) => listener(route));
}

/** Follows the address, from the first time that it is asked for. */
function currentRoute(): Route {
  if (!current) {
    current = parseRoute(location.hash);
    keepPlaces();
    addEventListener('hashchange', arrive);
  }
  return current;
}

/**
 * Goes to an address that `href` made; the route has changed when this returns. With
 * `replace` the back button skips the present one.
 */
export function navigate(to: string, { replace = false } = {}): void {
  if (replace) history.replaceState(null, '', to);
  else if (new URL(to, location.href).href !== location.href) history.pushState(null, '', to);
  else return;
  arrive();
}

/** Returns the present route, and renders again when it changes. */
export function useRoute(): Route {
  const [route, setRoute] = useState(currentRoute);
  useEffect(() => {
    setRoute(currentRoute());
    listeners.add(setRoute);
    return () => {
      listeners.delete(setRoute);
    };
  }, []);
  return route;
}
