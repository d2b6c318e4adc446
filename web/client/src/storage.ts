/** What of a browser's storage is used here. */
export type TextStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

const memory = new Map<string, string>();

/**
 * Keeps texts in this tab: in `sessionStorage`, which outlives a reload, or in memory where
 * the browser refuses that or it is full. It never throws.
 */
export const tabStorage: TextStorage = {
  getItem(name) {
    const text = memory.get(name);
    if (text !== undefined) return text;
    try {
      return sessionStorage.getItem(name);
    } catch {
      return null;
    }
  },
  setItem(name, text) {
    // What was kept before goes in any case: it must not come back after a reload.
    this.removeItem(name);
    try {
      sessionStorage.setItem(name, text);
    } catch {
      memory.set(name, text);
    }
  },
  removeItem(name) {
    memory.delete(name);
    try {
      sessionStorage.removeItem(name);
    } catch {
      // Then nothing is kept there.
    }
  },
};
