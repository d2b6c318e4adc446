import { ShopProblem } from '@buy-from-me/client';
import { ui } from '@buy-from-me/text';
import type { ComponentChildren, JSX } from 'preact';
import { useId } from 'preact/hooks';

/** Returns what the shop says of each field, by JSON pointer (`/shippingAddress/city`). */
export function fieldErrors(error: unknown): Readonly<Record<string, string>> {
  if (!(error instanceof ShopProblem)) return {};
  return Object.fromEntries(error.errors.map((it) => [it.pointer, it.detail]));
}

interface FieldProps {
  label: string;
  hint?: ComponentChildren;
  /** What is wrong with it. */
  error?: string | undefined;
}

function Labelled(props: FieldProps & { id: string; required?: boolean; children: ComponentChildren }) {
  return (
    <div class="field">
      <label for={props.id}>
        {props.label} {!props.required && <span class="quiet">({ui.optional})</span>}
      </label>
      {props.children}
      {props.hint && (
        <p class="field-hint" id={`${props.id}-hint`}>
          {props.hint}
        </p>
      )}
      {props.error && (
        <p class="field-error" id={`${props.id}-error`}>
          {props.error}
        </p>
      )}
    </div>
  );
}

/** Names the elements that describe a field. */
function description(id: string, { hint, error }: FieldProps): JSX.HTMLAttributes<HTMLElement> {
  const ids = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ');
  return { 'aria-invalid': error ? 'true' : 'false', ...(ids && { 'aria-describedby': ids }) };
}

/** A labelled input with its hint and what is wrong with it. */
export function Field({
  label,
  hint,
  error,
  value,
  onValue,
  ...input
}: FieldProps & { value: string; onValue(value: string): void } & Omit<
    JSX.IntrinsicElements['input'],
    'value' | 'onInput' | 'id' | 'label'
  >) {
  const id = useId();
  return (
    <Labelled id={id} label={label} hint={hint} error={error} required={!!input.required}>
      <input
        {...input}
        {...description(id, { label, hint, error })}
        id={id}
        value={value}
        onInput={(event) => onValue(event.currentTarget.value)}
      />
    </Labelled>
  );
}

/** A labelled choice of one among several. */
export function SelectField(props: FieldProps & {
  value: string;
  onValue(value: string): void;
  options: readonly { value: string; label: string }[];
}) {
  const id = useId();
  return (
    <Labelled id={id} label={props.label} hint={props.hint} error={props.error} required>
      <select {...description(id, props)} id={id} value={props.value} onChange={(event) => props.onValue(event.currentTarget.value)}>
        {props.options.map((it) => (
          <option key={it.value} value={it.value}>
            {it.label}
          </option>
        ))}
      </select>
    </Labelled>
  );
}

/** The button that sends a form. While that is under way it says so and takes no second click. */
export function Submit(props: { busy: boolean; children: ComponentChildren; disabled?: boolean }) {
  return (
    <button type="submit" class="button button-primary" aria-busy={props.busy} disabled={props.disabled || props.busy}>
      {props.children}
    </button>
  );
}
