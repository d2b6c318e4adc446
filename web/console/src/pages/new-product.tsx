import type { Attempt, StaffProduct } from '@buy-from-me/client';
import { console as text } from '@buy-from-me/text';
import { announce, Failure, Field, fieldErrors, href, navigate, Page, SelectField, Submit, useAction, useLoad, Waiting } from '@buy-from-me/ui';
import { useId, useRef, useState } from 'preact/hooks';
import { known } from '../catalogue.ts';
import { rememberCreated } from '../created-products.ts';
import { useDraft } from '../drafts.ts';
import { Form } from '../parts/form.tsx';
import { TextField } from '../parts/text-field.tsx';
import { EMPTY_PRODUCT, priceError, readProduct } from '../product-form.ts';
import { useCatalogue, useStaff } from '../session.tsx';

const words = text.newProduct;

/** Creates a product; its page, where pictures are added, comes next. */
export function NewProductPage() {
  const staff = useStaff();
  const catalogue = useCatalogue();
  const categories = useId();
  const [draft, change] = useDraft('new-product', EMPTY_PRODUCT);
  const [mistakes, setMistakes] = useState<Readonly<Record<string, string>>>();
  // Sent again as it was typed, it is the same product: if an answer is lost, or a click comes twice.
  const attempt = useRef<{ typed: string; attempt: Attempt<StaffProduct> } | undefined>(undefined);
  const [latest] = useLoad((signal) => catalogue.list({ limit: 100 }, { signal }).page(), [catalogue]);
  const shop = known(latest.state === 'ready' ? latest.value.items : []);
  const create = useAction(async () => {
    const read = readProduct(draft, shop.currency);
    if ('errors' in read) {
      setMistakes(read.errors);
      return;
    }
    setMistakes(undefined);
    const typed = JSON.stringify(read.product);
    if (attempt.current?.typed !== typed) attempt.current = { typed, attempt: staff.products.attempt(read.product) };
    const { value } = await attempt.current.attempt.submit();
    attempt.current = undefined;
    change(undefined);
    rememberCreated(value);
    announce(text.product.created(value.name));
    navigate(href(['products', value.productId]), { replace: true });
  });
  const errors = mistakes ?? fieldErrors(create.error);
  return (
    <Page title={words.title} suffix={text.suffix} lead={<p class="quiet">{words.lead}</p>}>
      <Form class="form card" error={mistakes ?? create.error} onSubmit={() => void create.run()}>
        {create.error !== undefined && <Failure error={create.error} />}
        <Field
          label={words.name}
          hint={words.nameHint}
          required
          maxLength={400}
          autocomplete="off"
          value={draft.name}
          onValue={(name) => change({ name })}
          error={errors['/name']}
        />
        <TextField
          label={words.description}
          rows={5}
          value={draft.description}
          onValue={(description) => change({ description })}
          error={errors['/description']}
        />
        <div class="form-columns">
          <Field
            label={words.price(shop.currency)}
            hint={words.priceHint}
            required
            inputMode="decimal"
            autocomplete="off"
            value={draft.price}
            onValue={(price) => change({ price })}
            error={priceError(errors)}
          />
          <Field
            label={words.stock}
            required
            inputMode="numeric"
            autocomplete="off"
            value={draft.stock}
            onValue={(stock) => change({ stock })}
            error={errors['/stock']}
          />
        </div>
        <Field
          label={words.category}
          hint={words.categoryHint}
          required
          list={categories}
          autocomplete="off"
          value={draft.category}
          onValue={(category) => change({ category })}
          error={errors['/category']}
        />
        <datalist id={categories}>
          {shop.categories.map((it) => (
            <option key={it} value={it} />
          ))}
        </datalist>
        <SelectField
          label={words.status}
          value={draft.status}
          onValue={(status) => change({ status: status === 'published' ? 'published' : 'draft' })}
          options={[
            { value: 'draft', label: words.draft },
            { value: 'published', label: words.published },
          ]}
          error={errors['/status']}
        />
        {create.busy && <Waiting quiet />}
        <p class="row">
          <Submit busy={create.busy}>{words.submit}</Submit>
          <button
            type="button"
            class="button button-plain"
            disabled={create.busy}
            onClick={() => {
              change(undefined);
              setMistakes(undefined);
              create.clear();
            }}
          >
            {words.discard}
          </button>
        </p>
      </Form>
    </Page>
  );
}
