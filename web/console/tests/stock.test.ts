import assert from 'node:assert/strict';
import { test } from 'node:test';
import { availabilityOf, readStockChange } from '../src/stock.ts';

test('pieces are added, taken away, or counted anew', () => {
  assert.deepEqual(readStockChange('add', ' 7 '), { change: { adjustBy: 7 } });
  assert.deepEqual(readStockChange('remove', '7'), { change: { adjustBy: -7 } });
  assert.deepEqual(readStockChange('set', '0'), { change: { available: 0 } });
  assert.deepEqual(readStockChange('set', '1000000'), { change: { available: 1_000_000 } });
});

test('what is no change, or no number of pieces, is said', () => {
  for (const typed of ['', 'x', '-1', '1.5', '1000001', '00000001']) {
    for (const how of ['add', 'remove', 'set'] as const) assert.ok('errors' in readStockChange(how, typed), `${how} ${typed}`);
  }
  assert.deepEqual(readStockChange('add', '0'), { errors: 'must be a whole number from 1 to 1,000,000' });
  assert.ok('errors' in readStockChange('remove', '0'));
});

test('so many pieces are called as the shop calls them', () => {
  assert.deepEqual([0, 1, 5, 6].map(availabilityOf), ['out-of-stock', 'low-stock', 'low-stock', 'in-stock']);
});
