import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { returnToPlace } from './place.ts';

let first = true;

/**
 * Shows a page's heading and content, and names the document. After a change of route it
 * moves the focus to the heading, so that a screen reader reads where one is, and scrolls
 * to the top; or to where the reader was, after the browser's back button. Give it a `key`
 * that differs between routes.
 */
export function Page(props: { title: string; suffix?: string; lead?: ComponentChildren; children?: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null);
  const { title, suffix } = props;
  useEffect(() => {
    document.title = suffix ? `${title} – ${suffix}` : title;
  }, [title, suffix]);
  useLayoutEffect(() => {
    // What the browser loaded itself it also announces itself.
    if (!first && !returnToPlace()) {
      scrollTo(0, 0);
      heading.current?.focus({ preventScroll: true });
    }
    first = false;
  }, []);
  return (
    <>
      <header class="page-head">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {props.lead}
      </header>
      {props.children}
    </>
  );
}
