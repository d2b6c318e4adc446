import { storefront as text } from '@buy-from-me/text';
import { Failure, Page, Waiting, href, navigate, usePages } from '@buy-from-me/ui';
import { useEffect, useId, useRef } from 'preact/hooks';
import { Card, CardSkeletons } from '../card.tsx';
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
  const title = category ? text.category(category) : text.products.title;
  const lead = category ? text.products.categoryLead(title) : text.products.lead;
  return (
    <div class="listing">
      <Page title={title} suffix={text.shop} lead={<p class="quiet lead">{lead}</p>}>
        <SortChoice
          sort={sort}
          onSort={(next) =>
            navigate(href(['products'], { category, sort: next === 'newest' ? undefined : next }), { replace: true })
          }
        />
        <ProductList key={sort} category={category} sort={sort} />
      </Page>
    </div>
  );
}

function ProductList({ category, sort }: { category: string | undefined; sort: Sort }) {
  const { client, categories } = useShop();
  const list = usePages('products', (signal) => client.products.list({ sort, ...(category && { category }) }, { signal }));
  const { items } = list;

  useEffect(() => {
    if (!items) return;
    categories.see(items);
    void categories.learn(client);
  }, [items]);

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
