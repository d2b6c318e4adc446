import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Category } from '@buy-from-me/client';
import { childrenOf, inTreeOrder, pathTo, withDescendants } from '../src/category-tree.ts';

const category = (slug: string, parent: string | null = null, name = slug): Category => ({ slug, name, parent, version: 1 });

const SHOP = [category('kitchen', null, 'Kitchen'), category('cups', 'pots', 'Cups'), category('art', null, 'Art'), category('pots', 'kitchen', 'Pots')];

test('each category is followed by those that belong to it, by name', () => {
  const order = inTreeOrder(SHOP).map(({ category: { slug }, depth }) => `${depth} ${slug}`);
  assert.deepEqual(order, ['0 art', '0 kitchen', '1 pots', '2 cups']);
  assert.deepEqual(childrenOf(SHOP).map((it) => it.slug), ['art', 'kitchen']);
  assert.deepEqual(childrenOf(SHOP, 'kitchen').map((it) => it.slug), ['pots']);
});

test('the way to a category begins at the top', () => {
  assert.deepEqual(pathTo(SHOP, 'cups').map((it) => it.slug), ['kitchen', 'pots', 'cups']);
  assert.deepEqual(pathTo(SHOP, 'nothing'), []);
});

test('what belongs to a category is found at any depth', () => {
  assert.deepEqual([...withDescendants(SHOP, 'kitchen')].sort(), ['cups', 'kitchen', 'pots']);
  assert.deepEqual([...withDescendants(SHOP, 'cups')], ['cups']);
});

test('a parent that is not known counts as none', () => {
  assert.deepEqual(inTreeOrder([category('lost', 'gone')]).map((it) => it.depth), [0]);
});

test('a circle hides no category, and ends', () => {
  const circle = [category('a', 'b'), category('b', 'c'), category('c', 'a'), category('d', 'a')];
  assert.deepEqual(inTreeOrder(circle).map((it) => it.category.slug).sort(), ['a', 'b', 'c', 'd']);
});
