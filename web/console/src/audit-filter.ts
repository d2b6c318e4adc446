/** Which records are looked at: those of a day, or of one actor or target, on a day or ever. */
export interface AuditView {
  readonly scope: 'day' | 'actor' | 'target';
  /** Whose records, or about what; empty for a day's. */
  readonly id: string;
  /** A day of UTC, `2026-11-21`; empty: today, or ever where an id is given. */
  readonly day: string;
}

/** Reads what is looked at out of the address. */
export function viewOf(query: URLSearchParams): AuditView {
  const day = query.get('day') ?? '';
  for (const scope of ['actor', 'target'] as const) {
    const id = query.get(scope);
    if (id) return { scope, id, day };
  }
  return { scope: 'day', id: '', day };
}

/** Returns the query that an address and the shop's list name a view by. */
export function queryOf({ scope, id, day }: AuditView): { day?: string; actor?: string; target?: string } {
  return { ...(day && { day }), ...(scope !== 'day' && { [scope]: id }) };
}

/** Returns the day so many days after another one, both of UTC; undefined for what is no day. */
export function dayAfter(day: string, days: number): string | undefined {
  const time = Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(time)) return undefined;
  return new Date(time + days * 86_400_000).toISOString().slice(0, 10);
}

/** Returns the present day of UTC. */
export function today(now = new Date()): string {
  return now.toISOString().slice(0, 10);
}
