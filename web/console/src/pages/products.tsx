import type { ProductStatus, StaffProductCard } from '@buy-from-me/client';
import { console as text } from '@buy-from-me/text';
import { Page, RetriedImage, SelectField, formatMoney, href, navigate, useLoad } from '@buy-from-me/ui';
import { useMemo } from 'preact/hooks';
import { filledPage } from '../filled-page.ts';
import { knownWord } from '../known-word.ts';
import { ProductStatusBadge, StockBadge } from '../parts/badges.tsx';
import { CategoryChoice, nameOfCategory, useCategories } from '../parts/category-choice.tsx';
import { ListPage } from '../parts/listing.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { atLeast } from '../roles.ts';
import { useStaff, useUser } from '../session.tsx';

const words = text.products;

/** What is looked at, as it stands in the address: empty for all. */
interface Filter {
  readonly status: ProductStatus | undefined;
  readonly category: string;
  readonly stock: string;
}

/** Lists the catalogue, drafts too. */
export function ProductsPage({ query }: { query: URLSearchParams }) {
  const staff = useStaff();
  const user = useUser();
  const status = knownWord<ProductStatus>(query.get('status'), text.product.statuses);
  const filter: Filter = { status, category: query.get('category') ?? '', stock: query.get('stock') === 'low' ? 'low' : '' };
  const cursor = query.get('cursor') ?? undefined;
  const [categories] = useCategories();
  const [loaded, again] = useLoad(
    (signal) => {
      const asked = {
        limit: 25,
        ...(status && { status }),
        ...(filter.category && { category: filter.category }),
        ...(filter.stock && { lowStock: true as const }),
      };
      return filledPage(staff.products.list(asked, { signal }), cursor);
    },
    [staff, status, filter.category, filter.stock, cursor],
  );
  const columns = useMemo<readonly Column<StaffProductCard>[]>(
    () => [
      {
        label: words.columns.picture,
        quiet: true,
        class: 'cell-picture',
        cell: (it) =>
          it.imageUrl ? <RetriedImage class="thumb" src={it.imageUrl} alt="" loading="lazy" width={48} height={48} /> : <span class="thumb" />,
      },
      {
        label: words.columns.name,
        class: 'cell-main',
        cell: (it) => (
          <>
            <a href={href(['products', it.productId])}>{it.name}</a>
            {it.sku && <div class="mono quiet cell-sku">{it.sku}</div>}
          </>
        ),
      },
      { label: words.columns.category, cell: (it) => nameOfCategory(categories, it.category) },
      { label: words.columns.price, class: 'cell-number', cell: (it) => formatMoney(it.price) },
      { label: words.columns.status, cell: (it) => <ProductStatusBadge status={it.status} /> },
      { label: words.columns.stock, cell: (it) => <StockBadge pieces={it.available} /> },
    ],
    [categories],
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
      <div class="stack">
        <FilterChoices filter={filter} categories={categories.state === 'ready' ? categories.value : []} />
        <ListPage
          loaded={loaded}
          onRetry={again}
          empty={words.none}
          first={!cursor}
          pageHref={(next) => href(['products'], { ...filter, cursor: next })}
        >
          {(items) => <Table caption={words.caption} columns={columns} items={items} itemKey={(it) => it.productId} />}
        </ListPage>
      </div>
    </Page>
  );
}

function FilterChoices({ filter, categories }: { filter: Filter; categories: Parameters<typeof CategoryChoice>[0]['categories'] }) {
  const go = (change: Partial<Record<keyof Filter, string>>) => navigate(href(['products'], { ...filter, ...change }));
  return (
    <fieldset class="filter">
      <legend class="hidden-visually">{words.filter}</legend>
      <SelectField
        label={words.status}
        value={filter.status ?? ''}
        onValue={(status) => go({ status })}
        options={[
          { value: '', label: words.anyStatus },
          { value: 'draft', label: text.product.statuses.draft },
          { value: 'published', label: text.product.statuses.published },
        ]}
      />
      <CategoryChoice
        label={words.category}
        none={words.anyCategory}
        categories={categories}
        value={filter.category}
        onValue={(category) => go({ category })}
      />
      <SelectField
        label={words.stock}
        value={filter.stock}
        onValue={(stock) => go({ stock })}
        options={[
          { value: '', label: words.anyStock },
          { value: 'low', label: words.lowStock },
        ]}
      />
    </fieldset>
  );
}
