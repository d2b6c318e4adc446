import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atLeast } from '../src/roles.ts';
import { shortId } from '../src/short.ts';

test('a role may do what lower ones may', () => {
  assert.ok(atLeast('super-admin', 'admin'));
  assert.ok(atLeast('admin', 'admin'));
  assert.ok(!atLeast('staff', 'admin'));
  assert.ok(!atLeast('customer', 'staff'));
});

test('long ids are shown by their end, and nothing else is shortened', () => {
  assert.equal(shortId('usr_01m7zw4tsdbpqqd0qwjkpncjnh'), 'usr_…pncjnh');
  assert.equal(shortId('prod_01m7zw4w5qvbs8r9v8y4f9vw5m'), 'prod_…f9vw5m');
  for (const id of ['operator', 'staff-signing-key', 'usr_1']) assert.equal(shortId(id), id);
});
