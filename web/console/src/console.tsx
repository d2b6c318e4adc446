import type { Role, StaffClient } from '@buy-from-me/client';
import { console as text, ui } from '@buy-from-me/text';
import { Boundary, type Route, announce, href, navigate, useRoute } from '@buy-from-me/ui';
import type { ComponentChildren } from 'preact';
import type { CategoryList } from './category-list.ts';
import { AuditPage } from './pages/audit.tsx';
import { CategoriesPage } from './pages/categories.tsx';
import { CustomersPage } from './pages/customers.tsx';
import { ForbiddenPage, NotFoundPage } from './pages/dead-ends.tsx';
import { HomePage } from './pages/home.tsx';
import { InvitationPage } from './pages/invitation.tsx';
import { InvitePage } from './pages/invite.tsx';
import { NewProductPage } from './pages/new-product.tsx';
import { OrderPage } from './pages/order.tsx';
import { OrdersPage } from './pages/orders.tsx';
import { PasswordPage } from './pages/password.tsx';
import { ProductPage } from './pages/product.tsx';
import { ProductsPage } from './pages/products.tsx';
import { SignInPage } from './pages/sign-in.tsx';
import { UsersPage } from './pages/users.tsx';
import { atLeast } from './roles.ts';
import { StaffProvider, useSession } from './session.tsx';
import { Shell } from './shell.tsx';

/** What stands at a route, and which role it needs. */
interface Place {
  readonly needs: Role;
  readonly page: ComponentChildren;
}

/** Returns what stands at a route, for somebody who is signed in. */
function placeAt({ path, query }: Route): Place | undefined {
  const [first, second, third, fourth] = path;
  if (fourth !== undefined) return undefined;
  if (first === 'orders' && second !== undefined && third !== undefined) {
    return { needs: 'staff', page: <OrderPage userId={second} orderId={third} /> };
  }
  if (third !== undefined) return undefined;
  switch (first) {
    case undefined:
    case 'sign-in':
      return { needs: 'staff', page: <HomePage /> };
    case 'password':
      return second === undefined ? { needs: 'staff', page: <PasswordPage /> } : undefined;
    case 'products':
      if (second === undefined) return { needs: 'staff', page: <ProductsPage query={query} /> };
      if (second === 'new') return { needs: 'admin', page: <NewProductPage /> };
      return { needs: 'staff', page: <ProductPage productId={second} isNew={query.has('created')} /> };
    case 'categories':
      return second === undefined ? { needs: 'staff', page: <CategoriesPage /> } : undefined;
    case 'orders':
      return second === undefined ? { needs: 'staff', page: <OrdersPage query={query} /> } : undefined;
    case 'customers':
      return second === undefined ? { needs: 'staff', page: <CustomersPage orderId={query.get('order')} /> } : undefined;
    case 'users':
      if (second === undefined) return { needs: 'super-admin', page: <UsersPage query={query} /> };
      return second === 'invite' ? { needs: 'super-admin', page: <InvitePage /> } : undefined;
    case 'audit':
      return second === undefined ? { needs: 'super-admin', page: <AuditPage query={query} /> } : undefined;
    default:
      return undefined;
  }
}

/** Lists that are filtered by choices. */
const FILTERED = ['users', 'products', 'orders'];

/** The console: sign-in, or what the role of whoever is signed in may do. */
export function Console({ staff, categories }: { staff: StaffClient; categories: CategoryList }) {
  const route = useRoute();
  const [session, signOut] = useSession(staff);
  const leave = () => {
    navigate(href(['sign-in']));
    signOut().catch(() => announce(text.signIn.couldNotTell));
  };
  // Another address is another page, with nothing left of the one before. Only who filters a
  // list stays where they are: each step through a list of choices is an address.
  const isFiltered = route.path.length === 1 && FILTERED.includes(route.path[0] ?? '');
  const key = `${route.path.join('/')}?${isFiltered ? route.query.get('cursor') : route.query}`;
  const user = session.state === 'signed-in' ? session.user : undefined;
  let page: ComponentChildren;
  if (route.path[0] === 'invitation') {
    page = <InvitationPage key={key} />;
  } else if (session.state === 'restoring') {
    page = <p class="quiet">{ui.loading}</p>;
  } else if (!user) {
    page = <SignInPage why={session.state === 'signed-out' ? session.why : undefined} key="sign-in" />;
  } else {
    const place = placeAt(route);
    if (!place) page = <NotFoundPage key={key} />;
    else if (!atLeast(user.role, place.needs)) page = <ForbiddenPage needs={place.needs} key={key} />;
    else page = <Keyed key={`${user.userId} ${key}`}>{place.page}</Keyed>;
  }
  return (
    <StaffProvider value={{ staff, categories, user }}>
      <Shell route={route} user={user} onSignOut={leave}>
        <Boundary place={`${session.state} ${user?.userId} ${key}`}>{page}</Boundary>
      </Shell>
    </StaffProvider>
  );
}

/** Gives what is inside a key. */
function Keyed(props: { children: ComponentChildren }) {
  return <>{props.children}</>;
}
