import type { ProductCard } from '@buy-from-me/client';
import { storefront as text } from '@buy-from-me/text';
import { Failure, Page, announce, formatMoney, href, navigate, usePages } from '@buy-from-me/ui';
import { useEffect, useId, useLayoutEffect, useRef } from 'preact/hooks';
import { AvailabilityLabel } from '../availability.tsx';
import { Picture } from '../picture.tsx';
import { useShop } from '../shop.tsx';

type Sort = keyof typeof text.products.sorts;
const sorts = Object.keys(text.products.sorts) as Sort[];

/** How many cards stand in the first rows: their pictures are loaded at once. */
const FIRST_ROWS = 4;

/** Lists what the shop has, all or of one category. */
export function ProductsPage({ query }: { query: URLSearchParams }) {
  const { client, categories } = useShop();
  const category = query.get('category') ?? undefined;
  const sort = sorts.find((it) => it === query.get('sort')) ?? 'newest';
  const list = usePages('products', (signal) => client.products.list({ sort, ...(category && { category }) }, { signal }));
  const { items } = list;

  useEffect(() => {
    if (!items) return;
    categories.see(items);
    // After the first page is on the screen: it must not wait for this.
    if (!category && !list.more) return;
    const timer = setTimeout(() => void categories.learn(client), 300);
    return () => clearTimeout(timer);
  }, [items]);

  const cards = useRef<HTMLUListElement>(null);
  const before = useRef(items?.length ?? 0);
  useLayoutEffect(() => {
    const shown = before.current;
    before.current = items?.length ?? 0;
    if (!items || shown === 0 || items.length === shown) return;
    announce(text.products.shown(items.length));
    cards.current?.children[shown]?.querySelector('a')?.focus();
  }, [items]);

  const title = category ? text.category(category) : text.products.title;
  const lead = category ? text.products.categoryLead(title) : text.products.lead;
  return (
    <div class="listing">
    <Page title={title} suffix={text.shop} lead={<p class="quiet lead">{lead}</p>}>
      <div class="toolbar">
        <SortChoice
          sort={sort}
          onSort={(next) =>
            navigate(href(['products'], { category, sort: next === 'newest' ? undefined : next }), { replace: true })
          }
        />
      </div>
      {items && items.length > 0 && (
        <ul class="cards" ref={cards} aria-label={text.products.list}>
          {items.map((product, index) => (
            <Card key={product.productId} product={product} eager={index < FIRST_ROWS} />
          ))}
        </ul>
      )}
      {items?.length === 0 && (
        <div class="empty">
          <p>{category ? text.products.noneInCategory : text.products.none}</p>
          {category && (
            <a class="button" href={href([])}>
              {text.products.seeAll}
            </a>
          )}
        </div>
      )}
      {!items && list.error === undefined && <CardSkeletons />}
      {list.error !== undefined && <Failure error={list.error} waiting={list.waiting} onRetry={list.showMore} />}
      {list.more && list.error === undefined && (
        <div class="more">
          <button type="button" class="button" aria-busy={list.busy} aria-disabled={list.busy} onClick={list.showMore}>
            {text.products.showMore}
          </button>
        </div>
      )}
    </Page>
    </div>
  );
}

function SortChoice(props: { sort: Sort; onSort(sort: Sort): void }) {
  const id = useId();
  return (
    <div class="sort">
      <label for={id}>{text.products.sort}</label>
      <select
        id={id}
        value={props.sort}
        onChange={(event) => {
          const chosen = sorts.find((it) => it === event.currentTarget.value);
          if (chosen) props.onSort(chosen);
        }}
      >
        {sorts.map((it) => (
          <option key={it} value={it}>
            {text.products.sorts[it]}
          </option>
        ))}
      </select>
    </div>
  );
}

function Card({ product, eager }: { product: ProductCard; eager: boolean }) {
  return (
    <li class="product-card">
      <Picture url={product.imageUrl} eager={eager} />
      <h2 class="product-name">
        <a href={href(['products', product.productId])}>{product.name}</a>
      </h2>
      <p class="product-facts">
        <span class="product-price number">{formatMoney(product.price)}</span>
        <AvailabilityLabel availability={product.availability} />
      </p>
    </li>
  );
}

function CardSkeletons() {
  return (
    <ul class="cards" aria-busy="true" aria-label={text.waiting}>
      {Array.from({ length: 8 }, (_, index) => (
        <li key={index} class="product-card">
          <span class="picture skeleton" />
          <span class="skeleton skeleton-line" />
          <span class="skeleton skeleton-line skeleton-short" />
        </li>
      ))}
    </ul>
  );
}
