import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type TypedSearch, readSearch } from '../src/customer-search.ts';

const ORDER = 'ord_01m7zw4tr33rhbbckb7sx7j0px';
const typed: TypedSearch = { by: 'email', email: ' alice@example.com ', orderId: ORDER, reason: ' Asks about a parcel ' };

function wrong(change: Partial<TypedSearch>): string[] {
  const read = readSearch({ ...typed, ...change });
  return 'errors' in read ? Object.keys(read.errors) : [];
}

test('a search is by one thing alone, and has a reason', () => {
  assert.deepEqual(readSearch(typed), { search: { email: 'alice@example.com', reason: 'Asks about a parcel' } });
  assert.deepEqual(readSearch({ ...typed, by: 'orderId', orderId: ` ${ORDER.toUpperCase()}` }), {
    search: { orderId: ORDER, reason: 'Asks about a parcel' },
  });
});

test('what is missing or no address or order number is named', () => {
  assert.deepEqual(wrong({ email: 'alice', reason: 'ab' }), ['/email', '/reason']);
  assert.deepEqual(wrong({ by: 'orderId', orderId: 'ord_1' }), ['/orderId']);
  assert.deepEqual(wrong({ orderId: '' }), [], 'what is not searched by');
  assert.deepEqual(wrong({ reason: 'x'.repeat(201) }), ['/reason']);
});
