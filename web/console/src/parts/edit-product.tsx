import { ShopProblem, type StaffProduct } from '@buy-from-me/client';
import { console as text } from '@buy-from-me/text';
import { Failure, Submit, Waiting, announce, fieldErrors, formatMoney, parseMoney, useAction } from '@buy-from-me/ui';
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useDraft } from '../drafts.ts';
import { type Choices, type Difference, type Field, type Side, changeOf, chosen, differences, isChanged, sideOf } from '../product-edit.ts';
import { type Mistakes, type TypedProduct, readFields, typedProduct } from '../product-form.ts';
import { useStaff } from '../session.tsx';
import { nameOfCategory, useCategories } from './category-choice.tsx';
import { Form } from './form.tsx';
import { RefusedNotice } from './notices.tsx';
import { ProductFields } from './product-fields.tsx';

const words = text.editProduct;

/** An edit: what it was begun from, what was typed, and what the product has become, if it is stale. */
interface Edit {
  readonly base: StaffProduct;
  readonly typed: TypedProduct;
  readonly now?: StaffProduct | undefined;
  readonly choices: Choices;
}

/** Returns an edit that nothing was typed into. */
function begin(product: StaffProduct): Edit {
  return { base: product, typed: typedProduct(product), now: undefined, choices: {} };
}

/**
 * Changes a product, of the version that it was begun from. If somebody else has changed it
 * meanwhile, it shows both versions, and saves what is chosen on the newer one.
 */
export function EditProduct({ product, onSaved }: { product: StaffProduct; onSaved(product: StaffProduct): void }) {
  const staff = useStaff();
  const [edit, change] = useDraft<Edit>(`edit ${product.productId}`, begin(product));
  const [mistakes, setMistakes] = useState<Mistakes>();
  const { base, typed, now, choices } = edit;
  const isDirty = isChanged(typed, base);
  useEffect(() => {
    // As long as nothing was typed the form shows the product as it is.
    if (!isDirty && !now && product.version > base.version) change(begin(product));
  }, [product, isDirty, now]);

  const restart = (saved: StaffProduct) => {
    setMistakes(undefined);
    save.clear();
    change(begin(saved));
  };
  const done = (saved: StaffProduct) => {
    restart(saved);
    onSaved(saved);
    announce(words.saved(saved.name));
  };
  /** Saves what was typed on a version of the product. */
  const save = useAction(async (wanted: TypedProduct, on: StaffProduct): Promise<void> => {
    const read = readFields(wanted, on.price.currency);
    setMistakes('errors' in read ? read.errors : undefined);
    if ('errors' in read) return;
    const what = changeOf(read.fields, on);
    if (!what) return done(on);
    try {
      done(await staff.products.update(on.productId, what, on.version));
    } catch (error) {
      if (!(error instanceof ShopProblem && error.status === 409)) throw error;
      // The same code stands for a stale version and for a SKU that is taken.
      const latest = await staff.products.get(on.productId);
      if (latest.version === on.version) return setMistakes({ '/sku': words.skuTaken });
      // It is as it was wanted: an answer was lost, or somebody wanted the same.
      if (differences(wanted, on, latest).length === 0) return done(latest);
      change({ base: on, typed: wanted, now: latest, choices: {} });
      onSaved(latest);
    }
  });
  const errors = mistakes ?? fieldErrors(save.error);
  const isGone = save.error instanceof ShopProblem && save.error.status === 404;
  const failure = save.error !== undefined && (isGone ? <RefusedNotice text={words.gone} /> : <Failure error={save.error} />);
  return (
    <section class="stack" aria-labelledby="edit">
      <h2 id="edit">{words.title}</h2>
      {now ? (
        <Conflict
          all={differences(typed, base, now)}
          choices={choices}
          currency={now.price.currency}
          busy={save.busy}
          onChoose={(field, side) => change({ choices: { ...choices, [field]: side } })}
          onSave={(all) => void save.run(chosen(typed, now, all, choices), now)}
          onDiscard={() => restart(now)}
        >
          {failure}
          {mistakes && <RefusedNotice text={Object.values(mistakes).join('; ')} />}
        </Conflict>
      ) : (
        <Form class="form card" error={mistakes ?? save.error} onSubmit={() => void save.run(typed, base)}>
          {failure}
          <ProductFields
            typed={typed}
            onChange={(part) => change({ typed: { ...typed, ...part } })}
            currency={base.price.currency}
            errors={errors}
          />
          {save.busy && <Waiting quiet />}
          <p class="row">
            <Submit busy={save.busy} disabled={!isDirty}>
              {words.save}
            </Submit>
            <button type="button" class="button button-plain" disabled={!isDirty || save.busy} onClick={() => restart(product)}>
              {words.discard}
            </button>
          </p>
        </Form>
      )}
    </section>
  );
}

const LABELS: Readonly<Record<Field, string>> = {
  name: text.newProduct.name,
  description: text.newProduct.description,
  price: text.product.facts.price,
  category: text.newProduct.category,
  status: text.newProduct.status,
  sku: text.newProduct.sku,
};

/** Shows what was typed beside what the product has become, and lets one choose field by field. */
function Conflict(props: {
  all: readonly Difference[];
  choices: Choices;
  currency: string;
  busy: boolean;
  onChoose(field: Field, side: Side): void;
  onSave(all: readonly Difference[]): void;
  onDiscard(): void;
  children: ComponentChildren;
}) {
  const [categories] = useCategories();
  const [asked, setAsked] = useState(false);
  const shown = (field: Field, value: string) => {
    if (value === '') return <span class="quiet">{words.conflict.empty}</span>;
    if (field === 'category') return nameOfCategory(categories, value);
    if (field === 'status') return text.product.statuses[value === 'published' ? 'published' : 'draft'];
    const money = field === 'price' ? parseMoney(value, props.currency) : undefined;
    return money ? formatMoney(money) : value;
  };
  const open = props.all.filter((it) => !sideOf(it, props.choices));
  return (
    <Form
      class="card stack"
      error={asked && open.length > 0 ? open : undefined}
      onSubmit={() => {
        setAsked(true);
        if (open.length === 0) props.onSave(props.all);
      }}
    >
      <div class="notice notice-warn" role="alert">
        <p>
          <strong>{words.conflict.title}.</strong> {words.conflict.text}
        </p>
      </div>
      {props.children}
      {props.all.map((difference) => {
        const { field } = difference;
        const side = sideOf(difference, props.choices);
        const isOpen = asked && !side;
        return (
          <fieldset key={field} class="versions" aria-describedby={isOpen ? `choose-${field}` : undefined}>
            <legend>{LABELS[field]}</legend>
            {(['mine', 'theirs'] as const).map((it) => (
              <label key={it} class="version">
                <input
                  type="radio"
                  name={`version-${field}`}
                  value={it}
                  checked={side === it}
                  aria-invalid={isOpen ? 'true' : 'false'}
                  onChange={() => props.onChoose(field, it)}
                />
                <span>
                  <span class="version-whose">{words.conflict[it]}</span>
                  <span class="version-value">{shown(field, difference[it])}</span>
                </span>
              </label>
            ))}
            {isOpen && (
              <p class="field-error" id={`choose-${field}`}>
                {words.conflict.choose}
              </p>
            )}
          </fieldset>
        );
      })}
      <p class="row">
        <Submit busy={props.busy}>{words.conflict.save}</Submit>
        <button type="button" class="button" onClick={props.onDiscard}>
          {words.conflict.discard}
        </button>
      </p>
    </Form>
  );
}
