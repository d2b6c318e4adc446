import type { User } from '@buy-from-me/client';
import { storefront as text } from '@buy-from-me/text';
import { announce, href, navigate } from '@buy-from-me/ui';
import { useEffect } from 'preact/hooks';
import { takeToAdd } from './kept.ts';
import { useSession, useShop } from './shop.tsx';

/** Returns where to go after signing in: only routes of this page are taken. */
export function safeNext(next: string | null): string {
  return next?.startsWith('#/') ? next : href([]);
}

/** Once somebody is signed in: adds to the cart what they had chosen, and goes on to where they came from. */
export function useGoOn(next: string | null): void {
  const shop = useShop();
  const { user } = useSession();
  useEffect(() => {
    if (user) goOn(user);
  }, [user]);
  function goOn({ name }: User): void {
    const wanted = takeToAdd();
    navigate(safeNext(next), { replace: true });
    announce(text.signIn.welcome(name));
    if (!wanted) return;
    shop.cart.add(wanted.productId, wanted.quantity).then(
      () => announce(text.product.added(wanted.name)),
      // The page of the product is shown again: there it can be added once more.
      () => announce(text.signIn.notAdded(wanted.name)),
    );
  }
}
