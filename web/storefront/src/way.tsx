import type { Category } from '@buy-from-me/client';
import { storefront as text } from '@buy-from-me/text';
import { href } from '@buy-from-me/ui';

/** The way to a page by the categories above it. */
export function Way({ path }: { path: readonly Category[] }) {
  if (path.length === 0) return null;
  return (
    <nav aria-label={text.products.way}>
      <ol class="way">
        {path.map(({ slug, name }) => (
          <li key={slug}>
            <a href={href(['products'], { category: slug })}>{name}</a>
          </li>
        ))}
      </ol>
    </nav>
  );
}
