import type { Role, StaffClient, StaffUser, UserChange } from '@buy-from-me/client';

/** How many people are asked for at once when one is looked for. */
const PAGE = 100;
/** After how many of them a search is given up. */
const MAX_PEOPLE = 5000;

/**
 * Reads somebody anew; undefined if they are not found. The shop has no endpoint for one
 * person, so the list that they are on is read until they come.
 */
export async function readAgain(staff: StaffClient, user: StaffUser, signal: AbortSignal): Promise<StaffUser | undefined> {
  const list = staff.users.list({ limit: PAGE, ...(user.role === 'customer' && { role: 'customer' as Role }) }, { signal });
  let read = 0;
  for await (const it of list) {
    if (it.userId === user.userId) return it;
    read += 1;
    if (read >= MAX_PEOPLE) break;
  }
  return undefined;
}

/** What is chosen for somebody in the form. */
export interface Choice {
  readonly role: Role;
  readonly status: StaffUser['status'];
}

/** Returns what a choice changes of somebody; undefined if nothing. Nobody becomes invited by a change. */
export function changeOf(user: StaffUser, { role, status }: Choice): UserChange | undefined {
  const toStatus = status !== user.status && status !== 'invited' ? { status } : undefined;
  if (role !== user.role) return { role, ...toStatus };
  return toStatus;
}

/** Returns the statuses that somebody can have from here on, the present one first. */
export function possibleStatuses(user: StaffUser): readonly StaffUser['status'][] {
  switch (user.status) {
    case 'active':
      return ['active', 'disabled'];
    case 'disabled':
      return ['disabled', 'active'];
    // Only who accepts becomes active.
    case 'invited':
      return ['invited', 'disabled'];
  }
}
