/** Returns where a source has text of its own, as `line: text`. */
export function findTexts(source: string, name?: string): string[];
