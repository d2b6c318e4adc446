import type { ComponentChildren } from 'preact';

/** Says why something was refused. A screen reader reads it at once. */
export function RefusedNotice(props: { text: string; children?: ComponentChildren }) {
  return (
    <div class="notice notice-bad" role="alert">
      <p>{props.text}</p>
      {props.children}
    </div>
  );
}

/** Says that something was done. */
export function DoneNotice(props: { text: string; children?: ComponentChildren }) {
  return (
    <div class="notice notice-good" role="status">
      <p>{props.text}</p>
      {props.children}
    </div>
  );
}
