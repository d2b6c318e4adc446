import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StaffProduct } from '@buy-from-me/client';
import { changeOf, chosen, differences, isChanged, sideOf } from '../src/product-edit.ts';
import { readFields, typedProduct } from '../src/product-form.ts';

const LAMP: StaffProduct = {
  productId: 'prod_01m7zw4tr33rhbbckb7sx7j0px',
  name: 'Lamp',
  description: 'Shines.',
  price: { amount: 1990, currency: 'EUR' },
  category: 'lamps',
  status: 'draft',
  sku: 'LAMP-1',
  images: [],
  available: 3,
  version: 4,
  createdAt: '2026-11-21T10:00:00Z',
};
const TYPED = typedProduct(LAMP);

function changed(change: Partial<typeof TYPED>) {
  const read = readFields({ ...TYPED, ...change }, 'EUR');
  assert.ok('fields' in read);
  return changeOf(read.fields, LAMP);
}

test('a change names what was typed anew, and nothing else', () => {
  assert.equal(changed({}), undefined);
  assert.equal(changed({ name: ' Lamp ', price: '19,9' }), undefined, 'the same, written otherwise');
  assert.deepEqual(changed({ name: 'Big lamp' }), { name: 'Big lamp' });
  assert.deepEqual(changed({ description: '' }), { description: '' });
  assert.deepEqual(changed({ price: '20' }), { price: { amount: 2000, currency: 'EUR' } });
  assert.deepEqual(changed({ category: 'lights', status: 'published' }), { category: 'lights', status: 'published' });
  assert.deepEqual(changed({ sku: ' ' }), { sku: '' }, 'an empty SKU removes it');
});

test('a product without a SKU stays without one', () => {
  const plain = { ...LAMP, sku: null };
  const read = readFields(typedProduct(plain), 'EUR');
  assert.ok('fields' in read);
  assert.equal(changeOf(read.fields, plain), undefined);
  assert.equal(isChanged(typedProduct(plain), plain), false);
});

test('a stale edit is compared field by field, and what one alone changed goes without saying', () => {
  const mine = { ...TYPED, name: 'My lamp', price: '25', description: 'Shines.' };
  const now: StaffProduct = { ...LAMP, name: 'Their lamp', category: 'lights', version: 5 };
  assert.deepEqual(differences(mine, LAMP, now), [
    { field: 'name', mine: 'My lamp', theirs: 'Their lamp', by: undefined },
    { field: 'price', mine: '25.00', theirs: '19.90', by: 'mine' },
    { field: 'category', mine: 'lamps', theirs: 'lights', by: 'theirs' },
  ]);
});

test('what both changed to the same is no difference', () => {
  const now: StaffProduct = { ...LAMP, name: 'Our lamp', price: { amount: 2500, currency: 'EUR' }, version: 5 };
  assert.deepEqual(differences({ ...TYPED, name: 'Our lamp ', price: '25' }, LAMP, now), []);
});

test('what is chosen is saved on what the product is now', () => {
  const mine = { ...TYPED, name: 'My lamp', price: '25', sku: 'MINE' };
  const now: StaffProduct = { ...LAMP, name: 'Their lamp', category: 'lights', sku: 'THEIRS', version: 5 };
  const all = differences(mine, LAMP, now);
  assert.deepEqual(all.map((it) => sideOf(it, {})), [undefined, 'mine', 'theirs', undefined]);
  const result = chosen(mine, now, all, { name: 'mine', sku: 'theirs', price: 'theirs' });
  assert.deepEqual(result, { ...typedProduct(now), name: 'My lamp' });
});
