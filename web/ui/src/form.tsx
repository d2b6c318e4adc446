import { ShopProblem } from '@buy-from-me/client';
import { ui } from '@buy-from-me/text';
import type { ComponentChildren, RefObject } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';

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

/** What an input is told besides, as HTML names it. */
interface InputProps {
  type?: 'text' | 'email' | 'password' | 'tel' | 'number' | 'search' | 'url' | 'date';
  name?: string;
  required?: boolean;
  disabled?: boolean;
  readOnly?: boolean;
  autocomplete?: string;
  /** The id of a datalist with what to offer. */
  list?: string;
  inputMode?: 'text' | 'numeric' | 'decimal' | 'tel' | 'email' | 'search' | 'url';
  min?: string | number;
  max?: string | number;
  step?: string | number;
  maxLength?: number;
  placeholder?: string;
  spellcheck?: boolean;
  autocapitalize?: 'off' | 'words' | 'sentences' | 'characters';
}

/** Says what is wrong with a field: of one that is empty, that it is, not how long it may be. */
function words(error: string | undefined, value: string, required: boolean): string | undefined {
  return error && required && value.trim() === '' ? ui.fillIn : error;
}

/**
 * Returns what is wrong with a field as long as it is as it was sent: what was changed since
 * may be right, which the shop says when the form is sent again. `changed` notes a change.
 */
function useWords<Input extends HTMLInputElement | HTMLSelectElement>(
  error: string | undefined,
  value: string,
  required: boolean,
): { input: RefObject<Input | null>; wrong: string | undefined; changed(): void } {
  const input = useRef<Input>(null);
  const [isChanged, setChanged] = useState(false);
  useEffect(() => {
    const form = input.current?.form;
    const sent = () => setChanged(false);
    // Before the form's own listener, which may already say what is wrong.
    form?.addEventListener('submit', sent, { capture: true });
    return () => form?.removeEventListener('submit', sent, { capture: true });
  }, []);
  const wrong = isChanged ? undefined : words(error, value, required);
  return { input, wrong, changed: () => setChanged(true) };
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
function description(id: string, { hint, error }: FieldProps): { 'aria-invalid': 'true' | 'false'; 'aria-describedby'?: string } {
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
}: FieldProps & InputProps & { value: string; onValue(value: string): void }) {
  const id = useId();
  const { input: element, wrong, changed } = useWords<HTMLInputElement>(error, value, !!input.required);
  return (
    <Labelled id={id} label={label} hint={hint} error={wrong} required={!!input.required}>
      <input
        // Preact's types want to know which type exactly; any of ours takes these members.
        {...(input as Omit<InputProps, 'type'> & { type: 'text' })}
        {...description(id, { label, hint, error: wrong })}
        id={id}
        value={value}
        ref={element}
        onInput={(event) => {
          changed();
          onValue(event.currentTarget.value);
        }}
      />
    </Labelled>
  );
}

/** What a field with a meaning of its own leaves to its page. */
type NamedFieldProps = FieldProps & { value: string; onValue(value: string): void };

/** The e-mail address that somebody signs in with. */
export function SignInEmailField(props: NamedFieldProps) {
  return (
    <Field {...props} type="email" name="email" autocomplete="username" required spellcheck={false} autocapitalize="off" />
  );
}

/** A password: the `current` one, or one that is being chosen. */
export function PasswordField({ kind, ...props }: NamedFieldProps & { kind: 'current' | 'new' }) {
  const name = `${kind}-password`;
  return <Field {...props} type="password" name={name} autocomplete={name} required />;
}

/** A labelled choice of one among several. */
export function SelectField({
  label,
  hint,
  error,
  value,
  onValue,
  options,
  ...select
}: FieldProps & {
  value: string;
  onValue(value: string): void;
  options: readonly { value: string; label: string }[];
} & Pick<InputProps, 'name' | 'required' | 'disabled' | 'autocomplete'>) {
  const id = useId();
  const required = select.required ?? true;
  const { input: element, wrong, changed } = useWords<HTMLSelectElement>(error, value, required);
  return (
    <Labelled id={id} label={label} hint={hint} error={wrong} required={required}>
      <select
        {...select}
        {...description(id, { label, hint, error: wrong })}
        id={id}
        value={value}
        ref={element}
        onChange={(event) => {
          changed();
          onValue(event.currentTarget.value);
        }}
      >
        {options.map((it) => (
          <option key={it.value} value={it.value}>
            {it.label}
          </option>
        ))}
      </select>
    </Labelled>
  );
}

/**
 * The button that sends a form. While that is under way it says so and takes no
 * second click, but keeps the focus, which a disabled button would lose.
 */
export function Submit(props: { busy: boolean; children: ComponentChildren; disabled?: boolean }) {
  return (
    <button
      type={props.busy ? 'button' : 'submit'}
      class="button button-primary"
      aria-busy={props.busy}
      aria-disabled={props.busy}
      disabled={!!props.disabled}
    >
      {props.children}
    </button>
  );
}

/** Moves the focus to the first field of a form that is marked as wrong, once that is shown. */
export function focusFirstInvalid(form: HTMLElement | null): void {
  requestAnimationFrame(() => form?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
}
