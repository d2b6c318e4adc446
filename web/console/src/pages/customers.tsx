import { type CustomerRecord, ShopProblem } from '@buy-from-me/client';
import { console as text } from '@buy-from-me/text';
import { Failure, Field, Page, SelectField, Submit, announce, fieldErrors, useAction } from '@buy-from-me/ui';
import { useRef, useState } from 'preact/hooks';
import { type TypedSearch, readSearch } from '../customer-search.ts';
import { useDraft } from '../drafts.ts';
import { StatusBadge } from '../parts/badges.tsx';
import { Facts } from '../parts/facts.tsx';
import { Form } from '../parts/form.tsx';
import { RefusedNotice } from '../parts/notices.tsx';
import { OrderTable } from '../parts/order-table.tsx';
import type { Mistakes } from '../product-form.ts';
import { useStaff } from '../session.tsx';
import { formatDay } from '../short.ts';

const words = text.customers;
const EMPTY: TypedSearch = { by: 'email', email: '', orderId: '', reason: '' };

/**
 * Finds a customer, for a reason. Who was found stays while the page is open, so that the way back
 * from an order needs no second search. Nothing of it stands in the address but an order's number,
 * with which the form may begin.
 */
export function CustomersPage({ orderId }: { orderId: string | null }) {
  const staff = useStaff();
  const [typed, change] = useDraft<TypedSearch>(`customer search ${orderId ?? ''}`, orderId ? { ...EMPTY, by: 'orderId', orderId } : EMPTY);
  const [found, keepFound] = useDraft<{ record?: CustomerRecord | undefined }>(`customer found ${orderId ?? ''}`, {});
  const [mistakes, setMistakes] = useState<Mistakes>();
  const result = useRef<HTMLHeadingElement>(null);
  const search = useAction(async () => {
    const read = readSearch(typed);
    setMistakes('errors' in read ? read.errors : undefined);
    if ('errors' in read) return;
    keepFound({ record: undefined });
    const record = await staff.customers.search(read.search);
    keepFound({ record });
    announce(words.found(record.customer.name));
    requestAnimationFrame(() => result.current?.focus());
  });
  const isNobody = search.error instanceof ShopProblem && search.error.status === 404;
  const errors = mistakes ?? fieldErrors(search.error);
  return (
    <Page title={words.title} suffix={text.suffix} lead={<p class="quiet">{words.lead}</p>}>
      <div class="stack-wide">
        <Form class="form card" error={mistakes ?? search.error} onSubmit={() => void search.run()}>
          {search.error !== undefined && (isNobody ? <RefusedNotice text={words.none} /> : <Failure error={search.error} />)}
          <SelectField
            label={words.by}
            value={typed.by}
            onValue={(by) => change({ by: by === 'orderId' ? 'orderId' : 'email' })}
            options={(['email', 'orderId'] as const).map((it) => ({ value: it, label: words.bys[it] }))}
          />
          {typed.by === 'email' ? (
            <Field
              key="email"
              label={words.email}
              type="email"
              required
              autocomplete="off"
              value={typed.email}
              onValue={(email) => change({ email })}
              error={errors['/email']}
            />
          ) : (
            <Field
              key="orderId"
              label={words.orderId}
              hint={words.orderHint}
              required
              autocomplete="off"
              spellcheck={false}
              value={typed.orderId}
              onValue={(it) => change({ orderId: it })}
              error={errors['/orderId']}
            />
          )}
          <Field
            label={words.reason}
            hint={words.reasonHint}
            required
            maxLength={200}
            autocomplete="off"
            value={typed.reason}
            onValue={(reason) => change({ reason })}
            error={errors['/reason']}
          />
          <p>
            <Submit busy={search.busy}>{words.submit}</Submit>
          </p>
        </Form>
        {found.record && (
          <Found
            record={found.record}
            heading={result}
            onClose={() => {
              keepFound(undefined);
              change(undefined);
            }}
          />
        )}
      </div>
    </Page>
  );
}

function Found(props: { record: CustomerRecord; heading: { current: HTMLHeadingElement | null }; onClose(): void }) {
  const { customer, orders, hasMoreOrders } = props.record;
  const facts = [
    [words.facts.email, customer.email],
    [words.facts.phone, customer.phone ?? words.noPhone],
    [words.facts.status, <StatusBadge status={customer.status} />],
    [words.facts.since, <time dateTime={customer.createdAt}>{formatDay(customer.createdAt)}</time>],
    [words.facts.id, <span class="mono">{customer.userId}</span>],
  ] as const;
  return (
    <section class="stack" aria-labelledby="found">
      <div class="row row-apart">
        <h2 id="found" tabIndex={-1} ref={props.heading}>
          {customer.name}
        </h2>
        <button type="button" class="button button-small" onClick={props.onClose}>
          {words.clear}
        </button>
      </div>
      <Facts facts={facts} />
      <h3>{words.orders}</h3>
      {orders.length === 0 ? <p class="quiet">{words.noOrders}</p> : <OrderTable orders={orders} />}
      {hasMoreOrders && <p class="quiet">{words.olderOrders(orders.length)}</p>}
    </section>
  );
}
