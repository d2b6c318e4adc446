import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';

/** A dialog over the page. The focus stays in it, and goes back to where it was afterwards. */
export function Dialog(props: { title: string; onClose(): void; children: ComponentChildren }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useLayoutEffect(() => {
    const before = document.activeElement;
    const element = dialog.current;
    element?.showModal();
    return () => {
      element?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      class="dialog"
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        props.onClose();
      }}
    >
      <div class="stack">
        <h2 id={id}>{props.title}</h2>
        {props.children}
      </div>
    </dialog>
  );
}

/**
 * Asks before something is done that can't be undone. The focus is on the way out, so that a
 * key pressed too often does nothing.
 */
export function ConfirmDialog(props: {
  title: string;
  text: string;
  confirm: string;
  cancel: string;
  busy: boolean;
  onConfirm(): void;
  onClose(): void;
  children?: ComponentChildren;
}) {
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      <p>{props.text}</p>
      {props.children}
      <p class="row">
        <button type="button" class="button" autoFocus onClick={props.onClose}>
          {props.cancel}
        </button>
        <button type="button" class="button button-danger" aria-busy={props.busy} aria-disabled={props.busy} onClick={props.onConfirm}>
          {props.confirm}
        </button>
      </p>
    </Dialog>
  );
}
