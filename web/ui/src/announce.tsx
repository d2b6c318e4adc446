import { useEffect, useState } from 'preact/hooks';

let show: (text: string) => void = () => {};

/** Tells the reader, also by screen reader, that something was done: "Added to the cart". */
export function announce(text: string): void {
  show(text);
}

/** Shows what `announce` tells, for a few seconds. Stands once on a page. */
export function Announcements() {
  const [text, setText] = useState('');
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    show = (next) => {
      clearTimeout(timer);
      setText(next);
      timer = setTimeout(() => setText(''), 6000);
    };
    return () => {
      show = () => {};
      clearTimeout(timer);
    };
  }, []);
  return (
    <div class="announcements" role="status">
      {text && <p>{text}</p>}
    </div>
  );
}
