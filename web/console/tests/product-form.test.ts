import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EMPTY_PRODUCT, type ProductDraft, priceError, readProduct } from '../src/product-form.ts';

const typed: ProductDraft = {
  name: '  Tall Mug ',
  description: ' Holds tea.\nAnd coffee. ',
  price: '19,99',
  category: ' coffee-mugs ',
  status: 'published',
  sku: ' MUG-1 ',
  stock: '12',
};

/** Returns the fields that a draft is wrong in. */
function wrong(change: Partial<ProductDraft>): string[] {
  const read = readProduct({ ...typed, ...change }, 'EUR');
  return 'errors' in read ? Object.keys(read.errors).sort() : [];
}

test('what was typed becomes a product, trimmed and in minor units', () => {
  assert.deepEqual(readProduct(typed, 'EUR'), {
    product: {
      name: 'Tall Mug',
      description: 'Holds tea.\nAnd coffee.',
      price: { amount: 1999, currency: 'EUR' },
      category: 'coffee-mugs',
      status: 'published',
      sku: 'MUG-1',
      stock: 12,
    },
  });
});

test('a description and a SKU that are empty are left out', () => {
  const read = readProduct({ ...typed, description: '  ', sku: ' ' }, 'EUR');
  assert.ok('product' in read);
  assert.deepEqual(Object.keys(read.product).sort(), ['category', 'name', 'price', 'status', 'stock']);
});

test('every bad field is named at once', () => {
  assert.deepEqual(wrong(EMPTY_PRODUCT), ['/category', '/name', '/price']);
  assert.deepEqual(wrong({ name: 'ab', price: '1.999', category: 'Coffee Mugs', stock: '1.5' }), ['/category', '/name', '/price', '/stock']);
});

test('limits are those of the shop', () => {
  assert.deepEqual(wrong({ name: '😀'.repeat(200) }), []);
  assert.deepEqual(wrong({ name: 'x'.repeat(201) }), ['/name']);
  assert.deepEqual(wrong({ price: '10000000' }), []);
  assert.deepEqual(wrong({ price: '10000000.01' }), ['/price']);
  assert.deepEqual(wrong({ stock: '1000000' }), []);
  assert.deepEqual(wrong({ stock: '1000001' }), ['/stock']);
  assert.deepEqual(wrong({ stock: '-1' }), ['/stock']);
  assert.deepEqual(wrong({ category: 'a--b' }), ['/category']);
  assert.deepEqual(wrong({ sku: '!'.repeat(64) }), []);
  for (const sku of ['x'.repeat(65), 'two words', 'größe']) assert.deepEqual(wrong({ sku }), ['/sku'], sku);
});

test('what the shop says of amount or currency stands at the price', () => {
  assert.equal(priceError({ '/price/currency': 'must be USD' }), 'must be USD');
  assert.equal(priceError({ '/price/amount': 'too much' }), 'too much');
  assert.equal(priceError({ '/name': 'too short' }), undefined);
});
