import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forgetAll, keep, keepFor, recall } from '../src/memory.ts';

test('what is kept outlives a session that ends, and is nobody else’s', () => {
  keepFor('usr_ada');
  keep('new-product', { name: 'Tall Mug' });
  // The session ended, and Ada signs in again.
  keepFor('usr_ada');
  assert.deepEqual(recall('new-product'), { name: 'Tall Mug' });
  keepFor('usr_sue');
  assert.equal(recall('new-product'), undefined);
  keepFor('usr_ada');
  assert.equal(recall('new-product'), undefined);
});

test('who signs out leaves nothing behind', () => {
  keepFor('usr_ada');
  keep('new-product', { name: 'Tall Mug' });
  forgetAll();
  keepFor('usr_ada');
  assert.equal(recall('new-product'), undefined);
});
