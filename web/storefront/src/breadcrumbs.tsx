import type { Category } from '@buy-from-me/client';
import { storefront as text } from '@buy-from-me/text';
import { href } from '@buy-from-me/ui';

/** The categories above a page, from the one at the top. */
export function Breadcrumbs({ path }: { path: readonly Category[] }) {
  if (path.length === 0) return null;
  return (
    <nav aria-label={text.products.breadcrumbs}>
      <ol class="breadcrumbs">
        {path.map(({ slug, name }) => (
          <li key={slug}>
            <a href={href(['products'], { category: slug })}>{name}</a>
          </li>
        ))}
      </ol>
    </nav>
  );
}
