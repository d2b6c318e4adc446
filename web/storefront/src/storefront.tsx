import { storefront as text, ui } from '@buy-from-me/text';
import { Announcements, type AppSettings, Boundary, Failure, Page, type Route, Waiting, beginPlace, href, navigate, useRoute } from '@buy-from-me/ui';
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useMemo } from 'preact/hooks';
import { guardBackForward } from './back-forward.ts';
import { Footer } from './footer.tsx';
import { Header } from './header.tsx';
import { AccountPage } from './pages/account.tsx';
import { CartPage } from './pages/cart.tsx';
import { CheckoutPage } from './pages/checkout.tsx';
import { OrderPage } from './pages/order.tsx';
import { OrdersPage } from './pages/orders.tsx';
import { ProductPage } from './pages/product.tsx';
import { ProductsPage } from './pages/products.tsx';
import { RegisterPage } from './pages/register.tsx';
import { SignInPage } from './pages/sign-in.tsx';
import { PersonProvider, ShopProvider, openShop, useSession } from './shop.tsx';

/** The whole storefront. */
export function Storefront(props: { settings: AppSettings }) {
  const shop = useMemo(() => openShop(props.settings.api), []);
  useEffect(() => {
    void shop.session.restore();
    guardBackForward(shop.session, document.body);
    // What another tab did to the cart shows as soon as one looks at this one again.
    const look = () => {
      if (document.visibilityState === 'visible' && shop.session.view.user) void shop.cart.load();
    };
    document.addEventListener('visibilitychange', look);
    return () => document.removeEventListener('visibilitychange', look);
  }, [shop]);
  return (
    <ShopProvider value={shop}>
      <Frame />
    </ShopProvider>
  );
}

function Frame() {
  const route = useRoute();
  const { turn } = useSession();
  // After somebody has left, each page is another page: nothing of theirs stays in its state.
  const page = `${turn} ${pageOf(route)}`;
  useLayoutEffect(beginPlace, [page]);
  return (
    <>
      <a
        class="skip-link"
        href="#content"
        onClick={(event) => {
          // The fragment is the route's.
          event.preventDefault();
          document.querySelector<HTMLElement>('h1')?.focus();
        }}
      >
        {ui.skipToContent}
      </a>
      <Header />
      <main id="content" class="wrap">
        <Boundary place={page}>
          <Pages key={page} route={route} />
        </Boundary>
      </main>
      <Footer />
      <Announcements />
    </>
  );
}

/** Names the page that a route leads to: sorting a list differently leaves one where one is. */
function pageOf({ path, query }: Route): string {
  const rest = new URLSearchParams(query);
  rest.delete('sort');
  return `${path.join('/') || 'products'}?${rest}`;
}

/** Shows the page that a route names. */
function Pages({ route }: { route: Route }) {
  const [area, id, ...more] = route.path;
  if (more.length > 0) return <NotFound />;
  switch (area) {
    case undefined:
      return <ProductsPage query={route.query} />;
    case 'products':
      return id === undefined ? <ProductsPage query={route.query} /> : <ProductPage id={id} />;
    case 'sign-in':
      return id === undefined ? <SignInPage next={route.query.get('next')} /> : <NotFound />;
    case 'register':
      return id === undefined ? <RegisterPage next={route.query.get('next')} /> : <NotFound />;
  }
  if (area === 'orders' && id !== undefined) {
    return (
      <Private route={route}>
        <OrderPage id={id} thanks={route.query.has('placed')} />
      </Private>
    );
  }
  const page = id === undefined && privatePages.get(area);
  return page ? <Private route={route}>{page()}</Private> : <NotFound />;
}

// A map, since an address may name what every object has: `#/toString`.
const privatePages: ReadonlyMap<string, () => ComponentChildren> = new Map([
  ['cart', () => <CartPage />],
  ['checkout', () => <CheckoutPage />],
  ['orders', () => <OrdersPage />],
  ['account', () => <AccountPage />],
]);

/** Shows a page to whom it belongs, and asks anybody else to sign in first. */
function Private(props: { route: Route; children: ComponentChildren }) {
  const { user, error } = useSession();
  const { path, query } = props.route;
  useLayoutEffect(() => {
    if (user !== null) return;
    const here = href(path, Object.fromEntries(query));
    navigate(href(['sign-in'], { next: here }), { replace: true });
  }, [user]);
  if (user) return <PersonProvider value={user}>{props.children}</PersonProvider>;
  return <div class="page-head">{error === undefined ? <Waiting /> : <Failure error={error} waiting />}</div>;
}

/** Says that there is no such page. */
function NotFound() {
  return (
    <Page
      title={ui.notFound.title}
      suffix={text.shop}
      lead={<p class="quiet">{ui.notFound.text}</p>}
    >
      <p>
        <a class="button" href={href([])}>
          {ui.notFound.home}
        </a>
      </p>
    </Page>
  );
}
