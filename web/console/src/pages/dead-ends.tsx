import type { Role } from '@buy-from-me/client';
import { console as text, ui } from '@buy-from-me/text';
import { DeadEnd } from '../parts/dead-end.tsx';
import { useUser } from '../session.tsx';

/** Says that there is no page at this address. */
export function NotFoundPage() {
  return <DeadEnd title={ui.notFound.title} text={ui.notFound.text} back={ui.notFound.home} />;
}

/** Says that a page needs another role. */
export function ForbiddenPage(props: { needs: Role }) {
  const user = useUser();
  const { title, text: says, home } = text.forbidden;
  return <DeadEnd title={title} text={says(text.roles[props.needs], text.roles[user.role])} back={home} />;
}
