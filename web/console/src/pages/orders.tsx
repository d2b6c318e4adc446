import type { OrderStatus } from '@buy-from-me/client';
import { console as text } from '@buy-from-me/text';
import { Page, SelectField, href, navigate, useLoad } from '@buy-from-me/ui';
import { knownWord } from '../known-word.ts';
import { ListPage } from '../parts/listing.tsx';
import { OrderTable } from '../parts/order-table.tsx';
import { useStaff } from '../session.tsx';

const words = text.orders;
const statuses = Object.entries(text.order.statuses).map(([value, label]) => ({ value, label }));

/** Lists everybody's orders, of one status or all. */
export function OrdersPage({ query }: { query: URLSearchParams }) {
  const staff = useStaff();
  const status = knownWord<OrderStatus>(query.get('status'), text.order.statuses);
  const cursor = query.get('cursor') ?? undefined;
  const [loaded, again] = useLoad(
    (signal) => staff.orders.list({ limit: 25, ...(status && { status }) }, { signal }).page(cursor),
    [staff, status, cursor],
  );
  return (
    <Page title={words.title} suffix={text.suffix} lead={<p class="quiet">{words.lead}</p>}>
      <div class="stack">
        <div class="filter">
          <SelectField
            label={words.status}
            value={status ?? ''}
            onValue={(value) => navigate(href(['orders'], { status: value }))}
            options={[{ value: '', label: words.anyStatus }, ...statuses]}
          />
        </div>
        <ListPage
          loaded={loaded}
          onRetry={again}
          empty={words.none}
          first={!cursor}
          pageHref={(next) => href(['orders'], { status, cursor: next })}
        >
          {(items) => <OrderTable orders={items} />}
        </ListPage>
      </div>
    </Page>
  );
}
