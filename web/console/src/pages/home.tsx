import type { Role } from '@buy-from-me/client';
import { console as text } from '@buy-from-me/text';
import { Page, href } from '@buy-from-me/ui';
import { atLeast } from '../roles.ts';
import { useUser } from '../session.tsx';

/** What can be done here, and which role it needs. */
const TASKS: readonly { path: readonly string[]; words: { title: string; text: string }; needs: Role }[] = [
  { path: ['orders'], words: text.home.orders, needs: 'staff' },
  { path: ['products'], words: text.home.products, needs: 'staff' },
  { path: ['products', 'new'], words: text.home.newProduct, needs: 'admin' },
  { path: ['categories'], words: text.home.categories, needs: 'staff' },
  { path: ['customers'], words: text.home.customers, needs: 'staff' },
  { path: ['users'], words: text.home.users, needs: 'super-admin' },
  { path: ['users', 'invite'], words: text.home.invite, needs: 'super-admin' },
  { path: ['audit'], words: text.home.audit, needs: 'super-admin' },
  { path: ['password'], words: text.home.password, needs: 'staff' },
];

/** Shows what whoever is signed in may do. */
export function HomePage() {
  const user = useUser();
  const lead = <p class="quiet">{text.home.lead(text.roles[user.role])}</p>;
  return (
    <Page title={text.home.title(user.name)} suffix={text.suffix} lead={lead}>
      <ul class="tasks">
        {TASKS.filter((it) => atLeast(user.role, it.needs)).map(({ path, words }) => (
          <li key={words.title} class="card task">
            <h2>
              <a href={href(path)}>{words.title}</a>
            </h2>
            <p class="quiet">{words.text}</p>
          </li>
        ))}
      </ul>
    </Page>
  );
}
