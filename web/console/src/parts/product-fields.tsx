import { console as text } from '@buy-from-me/text';
import { Field, SelectField, href } from '@buy-from-me/ui';
import { type Mistakes, type TypedProduct, priceError } from '../product-form.ts';
import { CategoryChoice, useCategories } from './category-choice.tsx';
import { TextField } from './text-field.tsx';

const words = text.newProduct;

/** The fields that the forms for new and for known products have in common. */
export function ProductFields(props: {
  typed: TypedProduct;
  onChange(change: Partial<TypedProduct>): void;
  currency: string;
  errors: Mistakes;
}) {
  const { typed, onChange, errors } = props;
  const [categories] = useCategories();
  const known = categories.state === 'ready' ? categories.value : [];
  return (
    <>
      <Field
        label={words.name}
        hint={words.nameHint}
        required
        maxLength={400}
        autocomplete="off"
        value={typed.name}
        onValue={(name) => onChange({ name })}
        error={errors['/name']}
      />
      <TextField
        label={words.description}
        rows={5}
        value={typed.description}
        onValue={(description) => onChange({ description })}
        error={errors['/description']}
      />
      <div class="form-columns">
        <Field
          label={words.price(props.currency)}
          hint={words.priceHint}
          required
          inputMode="decimal"
          autocomplete="off"
          value={typed.price}
          onValue={(price) => onChange({ price })}
          error={priceError(errors)}
        />
        <Field
          label={words.sku}
          hint={words.skuHint}
          autocomplete="off"
          spellcheck={false}
          value={typed.sku}
          onValue={(sku) => onChange({ sku })}
          error={errors['/sku']}
        />
      </div>
      <div class="form-columns">
        <CategoryChoice
          label={words.category}
          none={words.chooseCategory}
          categories={known}
          value={typed.category}
          onValue={(category) => onChange({ category })}
          error={errors['/category']}
        />
        <SelectField
          label={words.status}
          value={typed.status}
          onValue={(status) => onChange({ status: status === 'published' ? 'published' : 'draft' })}
          options={[
            { value: 'draft', label: words.draft },
            { value: 'published', label: words.published },
          ]}
          error={errors['/status']}
        />
      </div>
      {categories.state === 'ready' && known.length === 0 && (
        <p class="notice notice-warn">
          {words.noCategories} <a href={href(['categories'])}>{text.nav.categories}</a>
        </p>
      )}
    </>
  );
}
