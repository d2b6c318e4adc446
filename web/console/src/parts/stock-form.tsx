import { type Attempt, ConnectionError, ShopProblem, type StaffProduct, type StockLevel } from '@buy-from-me/client';
import { console as text } from '@buy-from-me/text';
import { Failure, Field, SelectField, Submit, announce, fieldErrors, useAction } from '@buy-from-me/ui';
import { useRef, useState } from 'preact/hooks';
import { useStaff } from '../session.tsx';
import { HOWS, type How, readStockChange } from '../stock.ts';
import { Form } from './form.tsx';
import { RefusedNotice } from './notices.tsx';

const words = text.stock;

/** Changes how many pieces there are: counted anew, or by so many. `onStale`: there may be another number by now. */
export function StockForm(props: { product: StaffProduct; onChanged(available: number): void; onStale(): void }) {
  const { productId, available } = props.product;
  const staff = useStaff();
  const [how, setHow] = useState<How>('add');
  const [typed, setTyped] = useState('');
  const [mistake, setMistake] = useState<string>();
  // Sent again as it was typed, it is the same change: if an answer is lost, or a click comes twice.
  const attempt = useRef<{ typed: string; attempt: Attempt<StockLevel> } | undefined>(undefined);
  const save = useAction(async () => {
    const read = readStockChange(how, typed);
    setMistake('errors' in read ? read.errors : undefined);
    if ('errors' in read) return;
    const wanted = JSON.stringify(read.change);
    if (attempt.current?.typed !== wanted) attempt.current = { typed: wanted, attempt: staff.products.stockAttempt(productId, read.change) };
    try {
      const { value } = await attempt.current.attempt.submit();
      attempt.current = undefined;
      setTyped('');
      props.onChanged(value.available);
      announce(words.done(value.available));
    } catch (error) {
      // There are fewer than it seems; or the answer was lost, and it isn't known how many there are.
      if (error instanceof ConnectionError || (error instanceof ShopProblem && error.status === 409)) props.onStale();
      throw error;
    }
  });
  const isTooFew = save.error instanceof ShopProblem && save.error.status === 409;
  const error = mistake ?? fieldErrors(save.error)['/available'] ?? fieldErrors(save.error)['/adjustBy'];
  return (
    <section class="stack" aria-labelledby="stock">
      <h2 id="stock">{words.title}</h2>
      <p>{words.now(available)}</p>
      <Form class="card stack" error={mistake ?? save.error} onSubmit={() => void save.run()}>
        {save.error !== undefined && (isTooFew ? <RefusedNotice text={words.tooFew(available)} /> : <Failure error={save.error} />)}
        <div class="filter filter-long">
          <SelectField
            label={words.how}
            value={how}
            onValue={(value) => setHow(HOWS.find((it) => it === value) ?? 'add')}
            options={HOWS.map((it) => ({ value: it, label: words.hows[it] }))}
          />
          <Field
            label={words.pieces}
            required
            inputMode="numeric"
            autocomplete="off"
            value={typed}
            onValue={setTyped}
            error={error}
          />
          <span class="filter-go">
            <Submit busy={save.busy}>{words.submit}</Submit>
          </span>
        </div>
      </Form>
    </section>
  );
}
