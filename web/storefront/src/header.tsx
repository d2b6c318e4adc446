import { storefront as text } from '@buy-from-me/text';
import { childrenOf, href, pathTo, useCurrentInView, useRoute, useView } from '@buy-from-me/ui';
import { useEffect } from 'preact/hooks';
import { countItems } from './cart-state.ts';
import { BagIcon, PersonIcon } from './icons.tsx';
import { useCart, useSession, useShop } from './shop.tsx';

const RETRY_MS = 3000;

/** Stands above every page: the shop's name, its categories, account and cart. */
export function Header() {
  const { user } = useSession();
  const { cart, error } = useCart();
  const shop = useShop();
  // The header is always there, so that it sees to it that the cart comes after all.
  useEffect(() => {
    if (error === undefined) return;
    const timer = setTimeout(() => void shop.cart.load(), RETRY_MS);
    return () => clearTimeout(timer);
  }, [error]);
  const route = useRoute();
  useEffect(() => void shop.categories.load(shop.client), [route]);
  const count = countItems(cart);
  const listing = route.path.length === 0 || (route.path.length === 1 && route.path[0] === 'products');
  return (
    <header class="header">
      <div class="wrap header-row">
        <a class="header-name" href={href([])} aria-label={text.header.home}>
          {text.shop}
        </a>
        <CategoryLinks listing={listing} current={listing ? route.query.get('category') : null} />
        <div class="header-tools">
          {/* Its place is kept until it is known who is there. */}
          <a class={`header-tool ${user === undefined ? 'not-known' : ''}`} href={href([user ? 'account' : 'sign-in'])}>
            <PersonIcon />
            <span class="header-label">{user ? text.header.account : text.header.signIn}</span>
          </a>
          <a class="header-tool" href={href(['cart'])}>
            <BagIcon />
            <span class="header-label">{text.header.cart}</span>
            {count > 0 && <span class="header-count number">{count}</span>}
            <span class="hidden-visually">{text.header.items(count)}</span>
          </a>
        </div>
      </div>
    </header>
  );
}

function CategoryLinks(props: { current: string | null; listing: boolean }) {
  const categories = useView(useShop().categories);
  // Those at the top stand here; what belongs to them, on their pages.
  const top = childrenOf(categories);
  const here = props.current === null ? undefined : (pathTo(categories, props.current)[0]?.slug ?? props.current);
  const nav = useCurrentInView<HTMLElement>([here, categories]);
  const entry = (slug: string | undefined, label: string) => (
    <li key={slug}>
      <a
        href={slug === undefined ? href([]) : href(['products'], { category: slug })}
        aria-current={props.listing && here === slug ? (slug === (props.current ?? undefined) ? 'page' : 'true') : undefined}
      >
        {label}
      </a>
    </li>
  );
  return (
    <nav class="header-categories" ref={nav} aria-label={text.header.categories}>
      <ul>
        {entry(undefined, text.products.all)}
        {top.map(({ slug, name }) => entry(slug, name))}
      </ul>
    </nav>
  );
}
