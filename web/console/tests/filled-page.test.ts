// Lists whose filter matches little.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Listing, Page } from '@buy-from-me/client';
import { filledPage } from '../src/filled-page.ts';

/** A list whose page at each cursor is given, and the cursors that were asked for. */
function listOf(pages: (cursor: string | undefined) => Page<string>): { list: Listing<string>; asked: (string | undefined)[] } {
  const asked: (string | undefined)[] = [];
  const page = (cursor?: string | null) => {
    asked.push(cursor ?? undefined);
    return Promise.resolve().then(() => pages(cursor ?? undefined));
  };
  return { list: { page } as Listing<string>, asked };
}

test('empty pages are passed over as long as others follow', async () => {
  const { list, asked } = listOf((cursor) =>
    cursor === 'c' ? { items: ['found'], nextCursor: 'd' } : { items: [], nextCursor: cursor === 'b' ? 'c' : 'b' },
  );
  assert.deepEqual(await filledPage(list, 'a'), { items: ['found'], nextCursor: 'd' });
  assert.deepEqual(asked, ['a', 'b', 'c']);
});

test('a list without anything is read to its end', async () => {
  const { list, asked } = listOf((cursor) => ({ items: [], nextCursor: cursor === undefined ? 'b' : null }));
  assert.deepEqual(await filledPage(list, undefined), { items: [], nextCursor: null });
  assert.deepEqual(asked, [undefined, 'b']);
});

test('where the list can not be read any further, one can go on later', async () => {
  const { list, asked } = listOf((cursor) => {
    if (cursor === 'c') throw new Error('busy');
    return { items: [], nextCursor: cursor === 'b' ? 'c' : 'b' };
  });
  assert.deepEqual(await filledPage(list, undefined), { items: [], nextCursor: 'c' });
  assert.deepEqual(asked, [undefined, 'b', 'c']);
  await assert.rejects(filledPage(list, 'c'), /busy/);
});

test('after twenty empty pages the reader decides whether to look further', async () => {
  const { list, asked } = listOf(() => ({ items: [], nextCursor: 'more' }));
  assert.deepEqual(await filledPage(list, undefined), { items: [], nextCursor: 'more' });
  assert.equal(asked.length, 20);
});
