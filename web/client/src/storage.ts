/** What of a browser's storage is used here. */
export type TextStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

/**
 * Makes a storage for texts of this tab: `sessionStorage`, which outlives a reload, or
 * memory where the browser refuses that or it is full. It never throws.
 */
export function tabStorage(): TextStorage {
  const memory = new Map<string, string>();
  const removeItem = (name: string) => {
    memory.delete(name);
    try {
      sessionStorage.removeItem(name);
    } catch {
      // Then nothing is kept there.
    }
  };
  return {
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
      removeItem(name);
      try {
        sessionStorage.setItem(name, text);
      } catch {
        memory.set(name, text);
      }
    },
    removeItem,
  };
}
