import type { ShippingAddress } from '@buy-from-me/client';
import { storefront as text } from '@buy-from-me/text';
import { Field, SelectField } from '@buy-from-me/ui';
import { useMemo } from 'preact/hooks';
import type { TypedAddress } from '../kept.ts';
import { barePhone } from '../phone.ts';
import { countryOptions } from './countries.ts';

/** Returns an address in which only the name is known. */
export function emptyAddress(name: string): TypedAddress {
  return { name, line1: '', line2: '', postalCode: '', city: '', country: '', phone: '' };
}

/** Returns what was typed as the shop takes it: what may be left out, and is empty, is. */
export function readAddress({ line2, phone, ...required }: TypedAddress): ShippingAddress {
  return {
    ...required,
    ...(line2.trim() && { line2 }),
    ...(phone.trim() && { phone: barePhone(phone) }),
  };
}

/** The fields of a delivery address. `errors` are by JSON pointer. */
export function AddressFields(props: {
  address: TypedAddress;
  onAddress(address: TypedAddress): void;
  errors: Readonly<Record<string, string>>;
  locked: boolean;
}) {
  const countries = useMemo(() => [{ value: '', label: text.checkout.chooseCountry }, ...countryOptions()], []);
  const bind = (member: keyof TypedAddress) => ({
    value: props.address[member],
    onValue: (value: string) => props.onAddress({ ...props.address, [member]: value }),
    error: props.errors[`/shippingAddress/${member}`],
    name: member,
  });
  const { locked } = props;
  return (
    <fieldset class="form">
      <legend>{text.checkout.address}</legend>
      <Field {...bind('name')} label={text.checkout.name} autocomplete="shipping name" required readOnly={locked} />
      <Field {...bind('line1')} label={text.checkout.line1} autocomplete="shipping address-line1" required readOnly={locked} />
      <Field {...bind('line2')} label={text.checkout.line2} autocomplete="shipping address-line2" readOnly={locked} />
      <div class="form-city">
        <Field {...bind('postalCode')} label={text.checkout.postalCode} autocomplete="shipping postal-code" required readOnly={locked} />
        <Field {...bind('city')} label={text.checkout.city} autocomplete="shipping address-level2" required readOnly={locked} />
      </div>
      <SelectField
        {...bind('country')}
        label={text.checkout.country}
        options={countries}
        autocomplete="shipping country"
        required
        disabled={locked}
      />
      <Field
        {...bind('phone')}
        label={text.checkout.phone}
        type="tel"
        autocomplete="shipping tel"
        hint={text.checkout.phoneHint}
        readOnly={locked}
      />
    </fieldset>
  );
}
