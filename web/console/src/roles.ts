import type { Role } from '@buy-from-me/client';

/** The roles, the one that may do least first. */
const ORDER: readonly Role[] = ['customer', 'staff', 'admin', 'super-admin'];

/** Those that somebody can be invited with. */
export const STAFF_ROLES = ['staff', 'admin', 'super-admin'] as const;

/** Returns whether a role may do what another one is needed for. */
export function atLeast(role: Role, needed: Role): boolean {
  return ORDER.indexOf(role) >= ORDER.indexOf(needed);
}
