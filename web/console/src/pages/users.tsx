import type { Role, StaffUser, UserStatus } from '@buy-from-me/client';
import { console as text } from '@buy-from-me/text';
import { Page, SelectField, announce, href, navigate, useLoad } from '@buy-from-me/ui';
import { useMemo, useState } from 'preact/hooks';
import { filledPage } from '../filled-page.ts';
import { formatDay } from '../short.ts';
import { StatusBadge } from '../parts/badges.tsx';
import { ChangeUser } from '../parts/change-user.tsx';
import { ListPage } from '../parts/listing.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { knownWord } from '../known-word.ts';
import { STAFF_ROLES } from '../roles.ts';
import { useStaff, useUser } from '../session.tsx';

const words = text.users;

/** Lists staff or customers, and lets a super-admin change them. */
export function UsersPage({ query }: { query: URLSearchParams }) {
  const staff = useStaff();
  const user = useUser();
  const role = knownWord<Role>(query.get('role'), text.roles);
  const status = knownWord<UserStatus>(query.get('status'), text.statuses);
  const cursor = query.get('cursor') ?? undefined;
  const [changing, setChanging] = useState<StaffUser>();
  const [loaded, again] = useLoad(
    (signal) => filledPage(staff.users.list({ limit: 25, ...(role && { role }), ...(status && { status }) }, { signal }), cursor),
    [staff, role, status, cursor],
  );
  const columns = useMemo<readonly Column<StaffUser>[]>(
    () => [
      {
        label: words.columns.name,
        class: 'cell-main',
        cell: (it) => (
          <>
            {it.name} {it.userId === user.userId && <span class="quiet">({words.you})</span>}
          </>
        ),
      },
      { label: words.columns.email, class: 'cell-long', cell: (it) => <Email address={it.email} /> },
      { label: words.columns.role, cell: (it) => text.roles[it.role] },
      { label: words.columns.status, cell: (it) => <StatusBadge status={it.status} /> },
      {
        label: words.columns.since,
        class: 'cell-day',
        cell: (it) => <time dateTime={it.createdAt}>{formatDay(it.createdAt)}</time>,
      },
      {
        label: words.columns.actions,
        quiet: true,
        class: 'cell-actions',
        cell: (it) => (
          <button type="button" class="button button-small" aria-label={words.changeOf(it.name)} onClick={() => setChanging(it)}>
            {words.change}
          </button>
        ),
      },
    ],
    [user.userId],
  );
  return (
    <Page
      title={words.title}
      suffix={text.suffix}
      lead={
        <div class="row row-apart">
          <p class="quiet">{words.lead}</p>
          <a class="button button-primary" href={href(['users', 'invite'])}>
            {words.invite}
          </a>
        </div>
      }
    >
      <div class="stack">
        <Filter role={role} status={status} />
        <ListPage
          loaded={loaded}
          onRetry={again}
          empty={words.none}
          first={!cursor}
          pageHref={(next) => href(['users'], { role, status, cursor: next })}
        >
          {(items) => <Table caption={words.caption} columns={columns} items={items} itemKey={(it) => it.userId} />}
        </ListPage>
      </div>
      {changing && (
        <ChangeUser
          user={changing}
          onClose={() => setChanging(undefined)}
          onChanged={(it) => {
            setChanging(undefined);
            announce(text.changeUser.saved(it.name));
            again();
          }}
        />
      )}
    </Page>
  );
}

/** Shows an address that breaks, if it must, before its domain. */
function Email({ address }: { address: string }) {
  const at = address.lastIndexOf('@');
  return (
    <>
      {address.slice(0, at)}
      <wbr />
      {address.slice(at)}
    </>
  );
}

function Filter(props: { role: Role | undefined; status: UserStatus | undefined }) {
  const go = (role: string, status: string) => navigate(href(['users'], { role, status }));
  return (
    <fieldset class="filter">
      <legend class="hidden-visually">{words.filter}</legend>
      <SelectField
        label={words.columns.role}
        value={props.role ?? ''}
        onValue={(role) => go(role, props.status ?? '')}
        options={[
          { value: '', label: words.allStaff },
          ...STAFF_ROLES.map((it) => ({ value: it, label: text.roles[it] })),
          { value: 'customer', label: words.customers },
        ]}
      />
      <SelectField
        label={words.columns.status}
        value={props.status ?? ''}
        onValue={(status) => go(props.role ?? '', status)}
        options={[
          { value: '', label: words.anyStatus },
          ...(['active', 'invited', 'disabled'] as const).map((it) => ({ value: it, label: text.statuses[it] })),
        ]}
      />
    </fieldset>
  );
}
