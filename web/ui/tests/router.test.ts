import assert from 'node:assert/strict';
import { test } from 'node:test';
import { href, parseRoute } from '../src/router.ts';

const read = (fragment: string) => {
  const { path, query } = parseRoute(fragment);
  return [path, Object.fromEntries(query)];
};

test('reads a route out of a fragment', () => {
  assert.deepEqual(read(''), [[], {}]);
  assert.deepEqual(read('#/'), [[], {}]);
  assert.deepEqual(read('#/products/prod_1'), [['products', 'prod_1'], {}]);
  assert.deepEqual(read('#/products?category=a&sort=-price'), [['products'], { category: 'a', sort: '-price' }]);
  assert.deepEqual(read('#/sign-in?next=%23%2Fproducts%3Fsort%3Dname'), [['sign-in'], { next: '#/products?sort=name' }]);
});

test('takes a fragment that nobody made by href as it stands', () => {
  assert.deepEqual(read('#/a%2Fb/%E0%A4%A'), [['a/b', '%E0%A4%A'], {}]);
  assert.deepEqual(read('#//products//'), [['products'], {}]);
  assert.deepEqual(read('#/sign-in?next=a?b=c'), [['sign-in'], { next: 'a?b=c' }]);
});

test('makes the address of a route, which reads as that route again', () => {
  assert.equal(href([]), '#/');
  assert.equal(href(['products'], { category: undefined, sort: '' }), '#/products');
  assert.equal(href(['products', 'a/b?c']), '#/products/a%2Fb%3Fc');
  assert.deepEqual(read(href(['a/b', 'ü?'], { next: '#/cart?x=1&y' })), [['a/b', 'ü?'], { next: '#/cart?x=1&y' }]);
});
