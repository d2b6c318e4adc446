import { console as text } from '@buy-from-me/text';
import { Page, href } from '@buy-from-me/ui';

/** A page that can't be shown: says why, and leads to where one can go on. */
export function DeadEnd(props: { title: string; text: string; back: string; to?: readonly string[] }) {
  return (
    <Page title={props.title} suffix={text.suffix}>
      <div class="stack">
        <p>{props.text}</p>
        <p>
          <a href={href(props.to ?? [])}>{props.back}</a>
        </p>
      </div>
    </Page>
  );
}
