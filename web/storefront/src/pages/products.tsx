import type { Category } from '@buy-from-me/client';
import { storefront as text } from '@buy-from-me/text';
import { Failure, Page, Waiting, childrenOf, href, navigate, pathTo, usePages, useView } from '@buy-from-me/ui';
import { useId, useRef } from 'preact/hooks';
import { Breadcrumbs } from '../breadcrumbs.tsx';
import { Card, CardSkeletons } from '../card.tsx';
import { MoreOfCategory } from '../more-of-category.tsx';
import { ShowMore, useGrowth } from '../list.tsx';
import { useShop } from '../shop.tsx';

type Sort = keyof typeof text.products.sorts;
const sorts = Object.keys(text.products.sorts) as Sort[];

/** How many cards stand in the first rows: their pictures are loaded at once. */
const FIRST_ROWS = 4;

/** Lists what the shop has, all or of one category. */
export function ProductsPage({ query }: { query: URLSearchParams }) {
  const category = query.get('category') ?? undefined;
  const sort = sorts.find((it) => it === query.get('sort')) ?? 'newest';
  const { categories } = useShop();
  const known = useView(categories);
  const title = category ? categories.nameOf(category) : text.products.title;
  const above = category ? pathTo(known, category).slice(0, -1) : [];
  const below = category ? childrenOf(known, category) : [];
  const lead = !category ? text.products.lead : below.length > 0 ? text.products.parentLead : text.products.categoryLead(title);
  return (
    <div class="listing">
      <Page
        title={title}
        suffix={text.shop}
        lead={
          <>
            <Breadcrumbs path={above} />
            <p class="quiet lead">{lead}</p>
          </>
        }
      >
        <SortChoice
          sort={sort}
          onSort={(next) =>
            navigate(href(['products'], { category, sort: next === 'newest' ? undefined : next }), { replace: true })
          }
        />
        {below.length > 0 && (
          <ul class="below" aria-label={text.products.below(title)}>
            {below.map(({ slug, name }) => (
              <li key={slug}>
                <a href={href(['products'], { category: slug })}>{name}</a>
              </li>
            ))}
          </ul>
        )}
        <ProductList key={sort} category={category} sort={sort} below={below} />
      </Page>
    </div>
  );
}

/** Lists products of a category, or of all. If it has none of its own, those `below` it show some of theirs. */
function ProductList({ category, sort, below }: { category: string | undefined; sort: Sort; below: readonly Category[] }) {
  const { client } = useShop();
  const list = usePages('products', (signal) => client.products.list({ sort, ...(category && { category }) }, { signal }));
  const { items } = list;

  const cards = useRef<HTMLUListElement>(null);
  useGrowth(cards, items?.length, text.products.shown);
  return (
    <div>
      {items && items.length > 0 && (
        <ul class="cards" ref={cards} aria-label={text.products.list}>
          {items.map((product, index) => (
            <Card key={product.productId} product={product} eager={index < FIRST_ROWS} />
          ))}
        </ul>
      )}
      {items?.length === 0 && below.length > 0 && (
        <div class="shelves">
          {below.map(({ slug, name }) => (
            <MoreOfCategory key={slug} category={slug} title={name} />
          ))}
        </div>
      )}
      {items?.length === 0 && below.length === 0 && (
        <div class="empty">
          <p>{category ? text.products.noneInCategory : text.products.none}</p>
          {category && (
            <a class="button" href={href([])}>
              {text.products.seeAll}
            </a>
          )}
        </div>
      )}
      {!items && list.error === undefined && (
        <>
          <Waiting quiet />
          <CardSkeletons count={8} />
        </>
      )}
      {list.error !== undefined && <Failure error={list.error} waiting={list.waiting} onRetry={list.showMore} />}
      <ShowMore list={list}>{text.products.showMore}</ShowMore>
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
