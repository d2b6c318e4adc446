import { type Attempt, ShopProblem, type StaffProduct } from '@buy-from-me/client';
import { console as text } from '@buy-from-me/text';
import { announce, Failure, Field, fieldErrors, href, navigate, Page, Submit, useAction, useLoad, Waiting } from '@buy-from-me/ui';
import { useRef, useState } from 'preact/hooks';
import { useDraft } from '../drafts.ts';
import { Form } from '../parts/form.tsx';
import { ProductFields } from '../parts/product-fields.tsx';
import { DEFAULT_CURRENCY, EMPTY_PRODUCT, type Mistakes, readProduct } from '../product-form.ts';
import { useStaff } from '../session.tsx';

const words = text.newProduct;

/** Creates a product; its page, where pictures are added, comes next. */
export function NewProductPage() {
  const staff = useStaff();
  const [draft, change] = useDraft('new-product', EMPTY_PRODUCT);
  const [mistakes, setMistakes] = useState<Mistakes>();
  // Sent again as it was typed, it is the same product: if an answer is lost, or a click comes twice.
  const attempt = useRef<{ typed: string; attempt: Attempt<StaffProduct> } | undefined>(undefined);
  const [newest] = useLoad((signal) => staff.products.list({ limit: 1 }, { signal }).page(), [staff]);
  const currency = (newest.state === 'ready' && newest.value.items[0]?.price.currency) || DEFAULT_CURRENCY;
  const create = useAction(async () => {
    const read = readProduct(draft, currency);
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
    announce(text.product.created(value.name));
    navigate(href(['products', value.productId], { created: 'yes' }), { replace: true });
  });
  const skuTaken = create.error instanceof ShopProblem && create.error.code === 'conflict';
  const errors = mistakes ?? { ...fieldErrors(create.error), ...(skuTaken && { '/sku': text.editProduct.skuTaken }) };
  return (
    <Page title={words.title} suffix={text.suffix} lead={<p class="quiet">{words.lead}</p>}>
      <Form class="form card" error={mistakes ?? create.error} onSubmit={() => void create.run()}>
        {create.error !== undefined && !skuTaken && <Failure error={create.error} />}
        <ProductFields typed={draft} onChange={change} currency={currency} errors={errors} />
        <Field
          label={words.stock}
          required
          inputMode="numeric"
          autocomplete="off"
          value={draft.stock}
          onValue={(stock) => change({ stock })}
          error={errors['/stock']}
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
