import { ConnectionError, type OrderChange, type ShippingAddress, ShopProblem, type StaffOrder } from '@buy-from-me/client';
import { console as text } from '@buy-from-me/text';
import { ConfirmDialog, Failure, Page, Waiting, announce, countryName, formatDate, formatMoney, href, useAction, useLatest } from '@buy-from-me/ui';
import { useEffect, useState } from 'preact/hooks';
import { useDraft } from '../drafts.ts';
import { MAX_NOTE, MAX_NOTES, isDone, stepsOf } from '../order-steps.ts';
import { OrderStatusBadge } from '../parts/badges.tsx';
import { Form } from '../parts/form.tsx';
import { RefusedNotice } from '../parts/notices.tsx';
import { TextField } from '../parts/text-field.tsx';
import { useStaff, useUser } from '../session.tsx';
import { shortId } from '../short.ts';

const words = text.order;

/** Shows an order, and moves it along. */
export function OrderPage({ userId, orderId }: { userId: string; orderId: string }) {
  const staff = useStaff();
  const latest = useLatest((signal) => staff.orders.get(userId, orderId, { signal }), [staff, userId, orderId]);
  const { value: order, loaded, again, set } = latest;
  if (order) return <OrderView order={order} onChanged={set} />;
  if (loaded.state !== 'failed') return <div class="page-head"><Waiting /></div>;
  const { error, waiting } = loaded;
  if (error instanceof ShopProblem && [400, 404].includes(error.status)) return <NoOrder />;
  return (
    <div class="page-head">
      <Failure error={error} waiting={waiting} onRetry={again} />
    </div>
  );
}

function OrderView({ order, onChanged }: { order: StaffOrder; onChanged(order: StaffOrder): void }) {
  return (
    <Page
      title={words.title(formatDate(order.createdAt))}
      suffix={text.suffix}
      lead={
        <p class="row">
          <OrderStatusBadge status={order.status} />
          <span class="quiet small">
            {words.number} <span class="mono">{order.orderId}</span>
          </span>
        </p>
      }
    >
      <div class="stack-wide">
        <NextSteps order={order} onChanged={onChanged} />
        <section class="stack" aria-labelledby="lines">
          <h2 id="lines">{words.lines}</h2>
          <Lines order={order} />
        </section>
        <div class="columns">
          <section class="card stack" aria-labelledby="address">
            <h2 id="address">{words.address}</h2>
            <Address address={order.shippingAddress} />
          </section>
          <section class="card stack" aria-labelledby="payment">
            <h2 id="payment">{words.payment}</h2>
            <p>
              {words.methods[order.payment.method]}, {words.paymentStatuses[order.payment.status]}
            </p>
            <h2>{words.user}</h2>
            <p>
              <span class="mono">{shortId(order.userId)}</span>{' '}
              <a href={href(['customers'], { order: order.orderId })}>{words.lookUp}</a>
            </p>
          </section>
          <section class="card stack" aria-labelledby="history">
            <h2 id="history">{words.history}</h2>
            <ol class="history">
              {order.history.map((step) => (
                <li key={`${step.status} ${step.at}`}>
                  <span>{words.statuses[step.status]}</span>
                  <time class="quiet small" dateTime={step.at}>
                    {formatDate(step.at)}
                  </time>
                </li>
              ))}
            </ol>
          </section>
        </div>
        <Notes order={order} onChanged={onChanged} />
      </div>
    </Page>
  );
}

/**
 * Returns the action that changes an order of the version that is shown. After a refusal, or an
 * answer that was lost, the order is read anew: it tells what came of it.
 */
function useChange(order: StaffOrder, onChanged: (order: StaffOrder) => void, onDone: (order: StaffOrder) => void) {
  const staff = useStaff();
  const { userId: self } = useUser();
  return useAction(async (change: OrderChange) => {
    const { userId, orderId } = order;
    const send = (version: number) => staff.orders.update(userId, orderId, change, version);
    let now: StaffOrder;
    try {
      now = await send(order.version);
    } catch (error) {
      const isRefused = error instanceof ShopProblem && error.status === 409;
      if (!isRefused && !(error instanceof ConnectionError)) throw error;
      now = await staff.orders.get(userId, orderId);
      if (!isDone(change, order, now, self)) {
        const isNote = change.status === undefined && change.paid === undefined;
        // A note contradicts nothing that others did meanwhile.
        if (isRefused && isNote && now.version !== order.version) now = await send(now.version);
        else {
          onChanged(now);
          throw error;
        }
      }
    }
    onChanged(now);
    onDone(now);
  });
}

/** Shows how a change failed: what the order is now, if it was refused. */
function ChangeFailure({ error, order }: { error: unknown; order: StaffOrder }) {
  if (error === undefined) return null;
  const status = words.statuses[order.status];
  if (error instanceof ShopProblem && error.code === 'invalid-transition') return <RefusedNotice text={words.impossible(status)} />;
  if (error instanceof ShopProblem && error.status === 409) return <RefusedNotice text={words.changed(status)} />;
  return <Failure error={error} />;
}

/** What can't be undone, and is asked for first. */
interface Question {
  readonly change: OrderChange;
  readonly title: string;
  readonly text: string;
  readonly yes: string;
}

function NextSteps({ order, onChanged }: { order: StaffOrder; onChanged(order: StaffOrder): void }) {
  const { role } = useUser();
  const [asked, setAsked] = useState<Question>();
  const { next, cancel, refund, pay } = stepsOf(order, role);
  const change = useChange(order, onChanged, () => {});
  const run = async (what: OrderChange) => {
    await change.run(what);
    setAsked(undefined);
  };
  // What was refused, or done, has another outcome now: a screen reader hears of it.
  const { status, payment } = order;
  const [before, setBefore] = useState({ status, paid: payment.status });
  useEffect(() => {
    if (before.status !== status) announce(words.done(words.statuses[status]));
    else if (before.paid !== payment.status) announce(words.paidDone);
    setBefore({ status, paid: payment.status });
  }, [status, payment.status]);
  const total = formatMoney(order.total);
  const questions = {
    cancel: { change: { status: 'cancelled' }, title: words.cancelAsk, text: words.cancelText, yes: words.cancelYes },
    refund: { change: { status: 'refunded' }, title: words.refundAsk(total), text: words.refundText, yes: words.refundYes },
    pay: { change: { paid: true }, title: words.paidAsk(total), text: words.paidText, yes: words.paidYes },
  } satisfies Record<string, Question>;
  return (
    <section class="card stack" aria-labelledby="next">
      <h2 id="next">{words.next}</h2>
      <ChangeFailure error={change.error} order={order} />
      {!next && !cancel && !refund && !pay && <p class="quiet">{words.nothingNext}</p>}
      <p class="row">
        {next && (
          <button
            type="button"
            class="button button-primary"
            aria-busy={change.busy}
            aria-disabled={change.busy}
            onClick={() => void run({ status: next })}
          >
            {words.steps[next]}
          </button>
        )}
        {pay && <Ask label={words.paid} onAsk={() => setAsked(questions.pay)} />}
        {refund && <Ask label={words.refund} onAsk={() => setAsked(questions.refund)} />}
        {cancel && <Ask label={words.cancel} onAsk={() => setAsked(questions.cancel)} />}
      </p>
      {asked && (
        <ConfirmDialog
          title={asked.title}
          text={asked.text}
          confirm={asked.yes}
          cancel={words.keep}
          busy={change.busy}
          onConfirm={() => void run(asked.change)}
          onClose={() => setAsked(undefined)}
        />
      )}
    </section>
  );
}

function Ask(props: { label: string; onAsk(): void }) {
  return (
    <button type="button" class="button" onClick={props.onAsk}>
      {props.label}
    </button>
  );
}

function Lines({ order }: { order: StaffOrder }) {
  return (
    <div class="table-plain" tabIndex={0} role="region" aria-labelledby="lines">
      <table class="table-lines">
        <thead>
          <tr>
            <th scope="col">{words.product}</th>
            <th scope="col" class="cell-number">
              {words.quantity}
            </th>
            <th scope="col" class="cell-number cell-each">
              {words.each}
            </th>
            <th scope="col" class="cell-number">
              {words.sum}
            </th>
          </tr>
        </thead>
        <tbody>
          {order.lines.map((line) => (
            <tr key={line.productId}>
              <td>
                <a href={href(['products', line.productId])}>{line.name}</a>
              </td>
              <td class="cell-number">{line.quantity}</td>
              <td class="cell-number cell-each">{formatMoney(line.unitPrice)}</td>
              <td class="cell-number">{formatMoney(line.lineTotal)}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">{words.total}</th>
            <td />
            <td class="cell-each" />
            <td class="cell-number">
              <strong>{formatMoney(order.total)}</strong>
            </td>
          </tr>
        </tfoot>
      </table>
    </div>
  );
}

function Address({ address }: { address: ShippingAddress }) {
  return (
    <address class="address">
      <p>{address.name}</p>
      <p>{address.line1}</p>
      {address.line2 && <p>{address.line2}</p>}
      <p>{`${address.postalCode} ${address.city}`}</p>
      <p>{countryName(address.country)}</p>
      {address.phone && <p>{words.phone(address.phone)}</p>}
    </address>
  );
}

/** What the staff noted, and a form for more. */
function Notes({ order, onChanged }: { order: StaffOrder; onChanged(order: StaffOrder): void }) {
  const { userId } = useUser();
  const [draft, type] = useDraft(`note ${order.orderId}`, { note: '' });
  const [mistake, setMistake] = useState<string>();
  const add = useChange(order, onChanged, () => {
    type(undefined);
    announce(words.noted);
  });
  const submit = () => {
    const note = draft.note.trim();
    const isWrong = note === '' || [...note].length > MAX_NOTE;
    setMistake(isWrong ? words.noteError : undefined);
    if (!isWrong) void add.run({ note });
  };
  return (
    <section class="stack" aria-labelledby="notes">
      <h2 id="notes">{words.notes}</h2>
      <p class="quiet">{words.notesLead}</p>
      {order.notes.length === 0 && <p class="quiet">{words.noNotes}</p>}
      {order.notes.length > 0 && (
        <ul class="stack" aria-labelledby="notes">
          {order.notes.map((note, index) => (
            <li key={index} class="note">
              <p class="prose">{note.text}</p>
              <p class="quiet small">
                {note.by === userId ? words.you : <span class="mono">{shortId(note.by)}</span>},{' '}
                <time dateTime={note.at}>{formatDate(note.at)}</time>
              </p>
            </li>
          ))}
        </ul>
      )}
      {order.notes.length >= MAX_NOTES ? (
        <p class="notice">{words.notesFull}</p>
      ) : (
        <Form class="form card" error={mistake ?? add.error} onSubmit={submit}>
          <ChangeFailure error={add.error} order={order} />
          <TextField label={words.note} required rows={3} value={draft.note} onValue={(note) => type({ note })} error={mistake} />
          <p>
            <button type="submit" class="button" aria-busy={add.busy} aria-disabled={add.busy}>
              {words.noteSubmit}
            </button>
          </p>
        </Form>
      )}
    </section>
  );
}

function NoOrder() {
  return (
    <Page title={words.missing.title} suffix={text.suffix}>
      <div class="stack">
        <p>{words.missing.text}</p>
        <p>
          <a href={href(['orders'])}>{words.missing.back}</a>
        </p>
      </div>
    </Page>
  );
}
