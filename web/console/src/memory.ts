// What is kept while this page is open, for whoever is signed in: what they typed into a
// long form, and what they created. A session that ends in between doesn't cost it. Who
// signs out, or signs in as somebody else, leaves nothing behind.

let owner: string | undefined;
const kept = new Map<string, unknown>();

/** Says for whom things are kept. Those of anybody else are forgotten. */
export function keepFor(userId: string): void {
  if (owner !== userId) kept.clear();
  owner = userId;
}

/** Forgets everything. */
export function forgetAll(): void {
  kept.clear();
  owner = undefined;
}

/** Keeps a value under a name. */
export function keep(name: string, value: unknown): void {
  kept.set(name, value);
}

/** Returns what is kept under a name. */
export function recall(name: string): unknown {
  return kept.get(name);
}
