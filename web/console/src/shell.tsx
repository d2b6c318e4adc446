import type { Role, User } from '@buy-from-me/client';
import { console as text, ui } from '@buy-from-me/text';
import { Announcements, type Route, href, useCurrentInView } from '@buy-from-me/ui';
import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import { atLeast } from './roles.ts';

/** Where the navigation leads, and which role needs it. */
const PLACES: readonly { path: readonly string[]; label: string; needs: Role }[] = [
  { path: [], label: text.nav.home, needs: 'staff' },
  { path: ['orders'], label: text.nav.orders, needs: 'staff' },
  { path: ['products'], label: text.nav.products, needs: 'staff' },
  { path: ['categories'], label: text.nav.categories, needs: 'staff' },
  { path: ['customers'], label: text.nav.customers, needs: 'staff' },
  { path: ['users'], label: text.nav.users, needs: 'super-admin' },
  { path: ['audit'], label: text.nav.audit, needs: 'super-admin' },
];

/** Shows what stands around every page: name, navigation, account, announcements. */
export function Shell(props: { route: Route; user: User | undefined; onSignOut(): void; children: ComponentChildren }) {
  const main = useRef<HTMLElement>(null);
  const { user } = props;
  return (
    <div class={user ? 'shell' : 'shell shell-open'}>
      <header class="shell-head">
        {/* The fragment is the router's, so the link moves the focus by itself. */}
        <a
          class="skip-link"
          href={location.hash || '#/'}
          onClick={(event) => {
            event.preventDefault();
            main.current?.focus();
          }}
        >
          {ui.skipToContent}
        </a>
        <a class="brand" href={href([])}>
          <span class="brand-name">{text.name}</span> <span class="brand-label">{text.label}</span>
        </a>
        {user && <Navigation route={props.route} user={user} onSignOut={props.onSignOut} />}
      </header>
      <main class="shell-main" ref={main} tabIndex={-1}>
        {props.children}
      </main>
      <Announcements />
    </div>
  );
}

function Navigation(props: { route: Route; user: User; onSignOut(): void }) {
  const { user } = props;
  const here = props.route.path[0];
  const nav = useCurrentInView<HTMLElement>([here]);
  return (
    <>
      <nav class="nav" ref={nav} aria-label={text.menu}>
        <ul>
          {PLACES.filter((it) => atLeast(user.role, it.needs)).map((it) => (
            <li key={it.label}>
              <a href={href(it.path)} aria-current={it.path[0] === here ? 'page' : undefined}>
                {it.label}
              </a>
            </li>
          ))}
          <li class="nav-away">
            {/* In a tab of its own: this one may be the only one that is signed in. */}
            <a href="../" target="_blank" rel="noopener noreferrer">
              {text.nav.storefront} <span aria-hidden="true">↗</span>
            </a>
          </li>
        </ul>
      </nav>
      <section class="account" aria-label={text.account}>
        <p class="account-who">
          <span class="account-name">{user.name}</span>
          <span class="badge">{text.roles[user.role]}</span>
        </p>
        <p class="account-do">
          <a href={href(['password'])} aria-current={here === 'password' ? 'page' : undefined}>
            {text.nav.password}
          </a>
          <button type="button" class="link" onClick={props.onSignOut}>
            {text.nav.signOut}
          </button>
        </p>
      </section>
    </>
  );
}
