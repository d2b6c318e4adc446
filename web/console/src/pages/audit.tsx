import { type AuditAction, type AuditEntry, ShopProblem, type StaffUser } from '@buy-from-me/client';
import { console as text } from '@buy-from-me/text';
import { Field, Page, SelectField, href, navigate, useLoad } from '@buy-from-me/ui';
import { useMemo, useState } from 'preact/hooks';
import { type AuditView, dayAfter, queryOf, today, viewOf } from '../audit-filter.ts';
import { formatSecond, shortId } from '../short.ts';
import { Form } from '../parts/form.tsx';
import { ListPage } from '../parts/listing.tsx';
import { RefusedNotice } from '../parts/notices.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { useStaff } from '../session.tsx';

const words = text.audit;

/** What every action is called. */
const ACTIONS: Readonly<Record<AuditAction, string>> = words.actions;

/** Names of the staff by their ids. */
type Names = ReadonlyMap<string, string>;

/** Shows who did what to what, the newest first. */
export function AuditPage({ query }: { query: URLSearchParams }) {
  const staff = useStaff();
  const view = viewOf(query);
  const cursor = query.get('cursor') ?? undefined;
  const [loaded, again] = useLoad(
    (signal) => staff.audit.list({ ...queryOf(view), limit: 50 }, { signal }).page(cursor),
    [staff, view.scope, view.id, view.day, cursor],
  );
  // Names only help to read: without them the ids stand alone.
  const [people] = useLoad((signal) => staff.users.list({ limit: 100 }, { signal }).page(), [staff]);
  const columns = useMemo(() => columnsFor(namesOf(people.state === 'ready' ? people.value.items : [])), [people]);
  const isBadFilter = loaded.state === 'failed' && loaded.error instanceof ShopProblem && loaded.error.status === 400;
  return (
    <Page title={words.title} suffix={text.suffix} lead={<p class="quiet">{words.lead}</p>}>
      <div class="stack">
        <Filter view={view} />
        {isBadFilter ? (
          <RefusedNotice text={words.badFilter} />
        ) : (
          <ListPage
            loaded={loaded}
            onRetry={again}
            empty={words.none}
            first={!cursor}
            pageHref={(next) => href(['audit'], { ...queryOf(view), cursor: next })}
          >
            {(items) => <Table caption={words.caption} columns={columns} items={items} itemKey={(it) => it.auditId} />}
          </ListPage>
        )}
        {view.scope === 'day' && <Days day={view.day || today()} />}
      </div>
    </Page>
  );
}

function namesOf(people: readonly StaffUser[]): Names {
  return new Map(people.map((it) => [it.userId, it.name]));
}

function columnsFor(names: Names): readonly Column<AuditEntry>[] {
  const word = (id: string) => names.get(id) ?? (words.actors as Readonly<Record<string, string>>)[id];
  return [
    {
      label: words.columns.at,
      class: 'cell-time',
      cell: (it) => (
        <>
          <time dateTime={it.at} title={it.at}>
            {formatSecond(it.at)}
          </time>
          <div class="mono quiet">{it.requestId}</div>
        </>
      ),
    },
    {
      label: words.columns.actor,
      class: 'cell-short',
      cell: (it) => <Named id={it.actor} name={word(it.actor)} to={{ actor: it.actor }} label={words.onlyBy} />,
    },
    { label: words.columns.action, class: 'cell-main', cell: (it) => ACTIONS[it.action] ?? it.action },
    {
      label: words.columns.target,
      class: 'cell-short',
      cell: (it) => <Named id={it.target} name={names.get(it.target)} to={{ target: it.target }} label={words.onlyTo} />,
    },
    {
      label: words.columns.changes,
      cell: (it) => (
        <>
          {it.changes.map((change) => (
            <div key={change.field}>{changed(change)}</div>
          ))}
          {it.reason !== undefined && <div class="prose">{words.reason(it.reason)}</div>}
        </>
      ),
    },
  ];
}

/** Says what became of one field. */
function changed({ field, before, after }: AuditEntry['changes'][number]): string {
  if (before !== undefined && after !== undefined) return words.changed(field, before, after);
  return after === undefined ? words.touched(field) : words.set(field, after);
}

/** Shows somebody or something by name if it has one, and by the end of its id; leads to all records about it. */
function Named(props: { id: string; name: string | undefined; to: Record<string, string>; label: (name: string) => string }) {
  const isLong = shortId(props.id) !== props.id;
  const label = props.label(props.name ? `${props.name} (${props.id})` : props.id);
  return (
    <a class="named" href={href(['audit'], props.to)} title={label}>
      {props.name && <span>{props.name}</span>}
      {(props.name === undefined || isLong) && <span class="mono quiet">{shortId(props.id)}</span>}
    </a>
  );
}

function Filter({ view }: { view: AuditView }) {
  const [scope, setScope] = useState(view.scope);
  const [id, setId] = useState(view.id);
  const [day, setDay] = useState(view.day);
  const [missing, setMissing] = useState(false);
  const show = () => {
    const isMissing = scope !== 'day' && id.trim() === '';
    setMissing(isMissing);
    if (!isMissing) navigate(href(['audit'], queryOf({ scope, id: id.trim(), day })));
  };
  return (
    <Form class="filter filter-long" error={missing || undefined} onSubmit={show}>
      <SelectField
        label={words.show}
        value={scope}
        onValue={(value) => setScope(value === 'actor' || value === 'target' ? value : 'day')}
        options={(['day', 'actor', 'target'] as const).map((it) => ({ value: it, label: words.scopes[it] }))}
      />
      {scope !== 'day' && (
        <Field
          label={words.id}
          hint={scope === 'actor' ? words.actorHint : words.targetHint}
          required
          autocomplete="off"
          spellcheck={false}
          value={id}
          onValue={setId}
          error={missing ? words.idMissing : undefined}
        />
      )}
      <Field
        label={words.day}
        hint={scope === 'day' ? words.dayHint : words.dayHintOne}
        type="date"
        max={today()}
        value={day}
        onValue={setDay}
      />
      <button type="submit" class="button filter-go">
        {text.apply}
      </button>
    </Form>
  );
}

/** Leads to the days around one. */
function Days({ day }: { day: string }) {
  const before = dayAfter(day, -1);
  const after = dayAfter(day, 1);
  return (
    <p class="row row-apart pager">
      {before && (
        <a class="button" href={href(['audit'], { day: before })}>
          {words.earlier}
        </a>
      )}
      {after && after <= today() && (
        <a class="button" href={href(['audit'], { day: after })}>
          {words.later}
        </a>
      )}
    </p>
  );
}
