import type { ProductCard } from '@buy-from-me/client';
import { console as text } from '@buy-from-me/text';
import { Page, formatMoney, href, useLoad } from '@buy-from-me/ui';
import { AvailabilityBadge } from '../parts/badges.tsx';
import { ListPage } from '../parts/listing.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { atLeast } from '../roles.ts';
import { useCatalogue, useUser } from '../session.tsx';

const words = text.products;

const COLUMNS: readonly Column<ProductCard>[] = [
  {
    label: words.columns.picture,
    quiet: true,
    class: 'cell-picture',
    cell: (it) =>
      it.imageUrl ? <img class="thumb" src={it.imageUrl} alt="" loading="lazy" width={48} height={48} /> : <span class="thumb" />,
  },
  {
    label: words.columns.name,
    class: 'cell-main',
    cell: (it) => <a href={href(['products', it.productId])}>{it.name}</a>,
  },
  {
    label: words.columns.category,
    cell: (it) => <a href={href(['products'], { category: it.category })}>{it.category}</a>,
  },
  { label: words.columns.price, class: 'cell-number', cell: (it) => formatMoney(it.price) },
  { label: words.columns.availability, cell: (it) => <AvailabilityBadge availability={it.availability} /> },
];

/** Lists what is published. */
export function ProductsPage({ query }: { query: URLSearchParams }) {
  const catalogue = useCatalogue();
  const user = useUser();
  const category = query.get('category') ?? undefined;
  const cursor = query.get('cursor') ?? undefined;
  const [loaded, again] = useLoad(
    (signal) => catalogue.list({ limit: 25, ...(category && { category }) }, { signal }).page(cursor),
    [catalogue, category, cursor],
  );
  return (
    <Page
      title={words.title}
      suffix={text.suffix}
      lead={
        <div class="row row-apart">
          <p class="quiet">{words.lead}</p>
          {atLeast(user.role, 'admin') && (
            <a class="button button-primary" href={href(['products', 'new'])}>
              {words.new}
            </a>
          )}
        </div>
      }
    >
      {category && (
        <p class="row chips">
          <span class="quiet">{words.category}:</span> <span class="badge">{category}</span>
          <a href={href(['products'])}>{words.all}</a>
        </p>
      )}
      <ListPage
        loaded={loaded}
        onRetry={again}
        empty={category ? words.noneOfCategory(category) : words.none}
        first={!cursor}
        pageHref={(next) => href(['products'], { category, cursor: next })}
      >
        {(items) => <Table caption={words.caption} columns={COLUMNS} items={items} itemKey={(it) => it.productId} />}
      </ListPage>
    </Page>
  );
}
