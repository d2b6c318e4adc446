import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/**
 * A form that says itself what is wrong with it: the browser's own checks are off, and
 * after a failure the focus goes to the first field that is marked.
 */
export function Form(props: { class?: string; error?: unknown; onSubmit(): void; children: ComponentChildren }) {
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (props.error !== undefined) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [props.error]);
  return (
    <form
      ref={form}
      class={props.class ?? 'form'}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        props.onSubmit();
      }}
    >
      {props.children}
    </form>
  );
}
