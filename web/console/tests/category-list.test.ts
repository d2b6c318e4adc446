import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Category } from '@buy-from-me/client';
import { CategoryList, slugOf } from '../src/category-list.ts';

const category = (slug: string, name = slug, version = 1): Category => ({ slug, name, parent: null, version });

test('what was just changed shows, though the shop still answers with what was', async () => {
  let now = 0;
  const list = new CategoryList(() => Promise.resolve([category('lamps'), category('mugs')]), () => now);
  list.saved(category('lamps', 'Lights', 2));
  list.saved(category('new'));
  list.deleted('mugs');
  const names = async () => (await list.read()).map((it) => it.name);
  assert.deepEqual(await names(), ['Lights', 'new']);
  assert.equal((await list.read())[0]?.version, 2, 'or the next change of it would be stale');
  now = 15_001;
  assert.deepEqual(await names(), ['lamps', 'mugs'], 'by then the shop knows better');
});

test('what somebody else has saved since shows, not what was saved here', async () => {
  const list = new CategoryList(() => Promise.resolve([category('lamps', 'Lanterns', 3)]));
  list.saved(category('lamps', 'Lights', 2));
  assert.deepEqual((await list.read()).map((it) => it.name), ['Lanterns']);
});

test('a name suggests a slug', () => {
  assert.equal(slugOf(' Coffee & Mugs! '), 'coffee-mugs');
  assert.equal(slugOf('Éclairs 2'), 'eclairs-2');
  assert.equal(slugOf('灯'), '');
  assert.equal(slugOf(`${'a'.repeat(63)} b`), 'a'.repeat(63));
});
