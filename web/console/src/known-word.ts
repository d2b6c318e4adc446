/** Returns a word of the address if it is one of those that there are. */
export function knownWord<Word extends string>(word: string | null, all: Readonly<Record<Word, string>>): Word | undefined {
  return word !== null && Object.hasOwn(all, word) ? (word as Word) : undefined;
}
