import { ui } from '@buy-from-me/text';
import { useId } from 'preact/hooks';

/** A labelled field for several lines. */
export function TextField(props: {
  label: string;
  error?: string | undefined;
  value: string;
  onValue(value: string): void;
  maxLength?: number;
  rows?: number;
  required?: boolean;
}) {
  const id = useId();
  const described = props.error ? { 'aria-describedby': `${id}-error` } : {};
  return (
    <div class="field">
      <label for={id}>
        {props.label} {!props.required && <span class="quiet">({ui.optional})</span>}
      </label>
      <textarea
        id={id}
        rows={props.rows ?? 4}
        maxLength={props.maxLength}
        aria-invalid={props.error ? 'true' : 'false'}
        {...described}
        value={props.value}
        onInput={(event) => props.onValue(event.currentTarget.value)}
      />
      {props.error && (
        <p class="field-error" id={`${id}-error`}>
          {props.error}
        </p>
      )}
    </div>
  );
}
