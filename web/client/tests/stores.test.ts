// Where a refresh token is kept, in a browser that refuses storage or has no room left.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { sessionTokenStore } from '@buy-from-me/client';

/** A browser's storage of which the test says whether there is room. */
class TabStorage {
  full = false;
  readonly kept = new Map<string, string>();
  getItem(name: string): string | null {
    return this.kept.get(name) ?? null;
  }
  setItem(name: string, text: string): void {
    if (this.full) throw new DOMException('full', 'QuotaExceededError');
    this.kept.set(name, text);
  }
  removeItem(name: string): void {
    this.kept.delete(name);
  }
}

function withStorage(descriptor: PropertyDescriptor): void {
  Object.defineProperty(globalThis, 'sessionStorage', { configurable: true, ...descriptor });
}

afterEach(() => void Reflect.deleteProperty(globalThis, 'sessionStorage'));

test('a token is kept in sessionStorage, and gone from there once it is forgotten', async () => {
  const storage = new TabStorage();
  withStorage({ value: storage });
  const store = sessionTokenStore();
  await store.set('key', 'token');
  assert.equal(storage.getItem('key'), 'token');
  assert.equal(await sessionTokenStore().get('key'), 'token');
  await store.set('key', null);
  assert.deepEqual([await store.get('key'), storage.kept.size], [null, 0]);
});

test('a storage that is full keeps no spent token, and the next one is there until the page ends', async () => {
  const storage = new TabStorage();
  withStorage({ value: storage });
  const store = sessionTokenStore();
  await store.set('key', 'spent');
  storage.full = true;
  await store.set('key', 'next');
  assert.equal(await store.get('key'), 'next');
  assert.equal(await sessionTokenStore().get('key'), null);
  await store.set('key', null);
  assert.equal(await store.get('key'), null);
});

test('a browser that refuses storage keeps the token until the page ends', async () => {
  withStorage({
    get: () => {
      throw new DOMException('refused', 'SecurityError');
    },
  });
  const store = sessionTokenStore();
  await store.set('key', 'token');
  assert.equal(await store.get('key'), 'token');
  await store.set('key', null);
  assert.equal(await store.get('key'), null);
});
