import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

let first = true;

/**
 * Shows a page's heading and content. After a change of route it names the document,
 * scrolls to the top and moves the focus to the heading, so that a screen reader
 * reads where one is. Give it a `key` that differs between routes.
 */
export function Page(props: { title: string; suffix?: string; lead?: ComponentChildren; children?: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null);
  const { title, suffix } = props;
  useEffect(() => {
    document.title = suffix ? `${title} – ${suffix}` : title;
  }, [title, suffix]);
  useEffect(() => {
    // What the browser loaded itself it also announces itself.
    if (!first) {
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
