import { ConnectionError, type OrderChange, ShopProblem, type StaffOrder } from '@buy-from-me/client';
import { console as text } from '@buy-from-me/text';
import {
  Address, ConfirmDialog, Failure, NotLoaded, OrderHistory, OrderLines, Page, PaymentLine, announce, formatDate, formatMoney, href, useAction,
  useLatest,
} from '@buy-from-me/ui';
import { useEffect, useState } from 'preact/hooks';
import { useDraft } from '../drafts.ts';
import { MAX_NOTE, MAX_NOTES, isDone, stepsOf } from '../order-steps.ts';
import { OrderStatusBadge } from '../parts/badges.tsx';
import { DeadEnd } from '../parts/dead-end.tsx';
import { Form } from '../parts/form.tsx';
import { RefusedNotice } from '../parts/notices.tsx';
import { TextField } from '../parts/text-field.tsx';
import { useStaff, useUser } from '../session.tsx';
import { shortId } from '../short.ts';

const words = text.order;

/** Shows an order, and moves it along. */
export function OrderPage({ userId, orderId }: { userId: string; orderId: string }) {
  const staff = useStaff();
  const { value: order, loaded, again, set } = useLatest((signal) => staff.orders.get(userId, orderId, { signal }), [staff, userId, orderId]);
  if (order) return <OrderView order={order} onChanged={set} />;
  return <NotLoaded loaded={loaded} onRetry={again} missing={<DeadEnd {...words.missing} to={['orders']} />} />;
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
          <OrderLines order={order} />
        </section>
        <div class="columns">
          <section class="card stack" aria-labelledby="address">
            <h2 id="address">{words.address}</h2>
            <Address address={order.shippingAddress} />
          </section>
          <section class="card stack" aria-labelledby="payment">
            <h2 id="payment">{words.payment}</h2>
            <PaymentLine payment={order.payment} />
            <h2>{words.user}</h2>
            <p>
              <span class="mono">{shortId(order.userId)}</span>{' '}
              <a href={href(['customers'], { order: order.orderId })}>{words.lookUp}</a>
            </p>
          </section>
          <section class="card stack" aria-labelledby="history">
            <h2 id="history">{words.history}</h2>
            <OrderHistory history={order.history} statuses={words.statuses} />
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
          action={change}
          onConfirm={() => void run(asked.change)}
          onClose={() => setAsked(undefined)}
          // The section says it: the dialog closes.
          failure={() => null}
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
