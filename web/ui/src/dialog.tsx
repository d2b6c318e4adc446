import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import type { Action } from './action.ts';
import { Failure } from './failure.tsx';

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
 * Asks before something is done that can't be undone, and says how that failed; closing it forgets
 * the failure. The focus is on the way out, so that a key pressed too often does nothing.
 */
export function ConfirmDialog(props: {
  title: string;
  text: string;
  confirm: string;
  cancel: string;
  /** What is done on a yes. */
  action: Omit<Action<never>, 'run'>;
  onConfirm(): void;
  onClose(): void;
  /** Shows a failure in words of the page's own. */
  failure?(error: unknown): ComponentChildren;
}) {
  const { busy, error, clear } = props.action;
  const close = () => {
    clear();
    props.onClose();
  };
  return (
    <Dialog title={props.title} onClose={close}>
      <p>{props.text}</p>
      {error !== undefined && (props.failure ? props.failure(error) : <Failure error={error} />)}
      <p class="row">
        <button type="button" class="button" autoFocus onClick={close}>
          {props.cancel}
        </button>
        <button type="button" class="button button-danger" aria-busy={busy} aria-disabled={busy} onClick={props.onConfirm}>
          {props.confirm}
        </button>
      </p>
    </Dialog>
  );
}
