import type { Role } from '@buy-from-me/client';
import { console as text, ui } from '@buy-from-me/text';
import { Page, href } from '@buy-from-me/ui';
import { useUser } from '../session.tsx';

/** Says that there is no page at this address. */
export function NotFoundPage() {
  return (
    <Page title={ui.notFound.title} suffix={text.suffix}>
      <div class="stack">
        <p>{ui.notFound.text}</p>
        <p>
          <a href={href([])}>{ui.notFound.home}</a>
        </p>
      </div>
    </Page>
  );
}

/** Says that a page needs another role. */
export function ForbiddenPage(props: { needs: Role }) {
  const user = useUser();
  return (
    <Page title={text.forbidden.title} suffix={text.suffix}>
      <div class="stack">
        <p>{text.forbidden.text(text.roles[props.needs], text.roles[user.role])}</p>
        <p>
          <a href={href([])}>{text.forbidden.home}</a>
        </p>
      </div>
    </Page>
  );
}
