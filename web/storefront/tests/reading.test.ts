import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProductCard } from '@buy-from-me/client';
import { emptyAddress, readAddress } from '../src/checkout/address.tsx';
import { countryName, countryOptions } from '../src/checkout/countries.ts';
import { Categories } from '../src/categories.ts';
import { barePhone } from '../src/phone.ts';
import { parseQuantity } from '../src/quantity.tsx';
import { safeNext } from '../src/signing-in.ts';

test('a quantity is 1 to 99', () => {
  assert.deepEqual(['1', ' 7 ', '99'].map(parseQuantity), [1, 7, 99]);
  assert.deepEqual(['0', '00', '100', '-1', '1.5', '1e1', 'x', ''].map(parseQuantity), Array(8).fill(undefined));
});

test('signing in leads to routes of this page only', () => {
  assert.equal(safeNext('#/cart?x=1'), '#/cart?x=1');
  for (const next of [null, '', 'https://evil.example/', '//evil.example', 'javascript:alert(1)', '#cart']) {
    assert.equal(safeNext(next), '#/');
  }
});

test('an address leaves out what is empty, and a phone number what people write in it', () => {
  const typed = { ...emptyAddress('Alice'), line1: '1 Street', postalCode: '10115', city: 'Berlin', country: 'DE' };
  assert.deepEqual(readAddress({ ...typed, line2: ' ' }), {
    name: 'Alice', line1: '1 Street', postalCode: '10115', city: 'Berlin', country: 'DE',
  });
  assert.equal(readAddress({ ...typed, phone: '+49 (30) 123-456' }).phone, '+4930123456');
  assert.equal(barePhone('030/12 34.5'), '03012345');
});

test('countries have names', () => {
  const options = countryOptions();
  assert.equal(options.length, 249);
  assert.ok(options.every(({ value, label }) => /^[A-Z]{2}$/.test(value) && label !== value), 'each code is one that the browser knows');
  assert.equal(countryName('DE'), 'Germany');
  assert.equal(countryName('?'), '?');
});

test('categories are those of the newest products and of what was seen since', async () => {
  const kept = new Map<string, string>();
  const storage = { getItem: (name: string) => kept.get(name) ?? null, setItem: (name: string, value: string) => void kept.set(name, value) };
  const card = (category: string) => ({ category }) as ProductCard;
  let pages = 0;
  const listing = {
    async *pages() {
      for (const category of ['pots', 'bags', 'lamps', 'never']) {
        pages += 1;
        yield { items: [card(category), card('pots')], nextCursor: 'more' };
      }
    },
    page: () => Promise.reject(new Error('not asked for')),
    [Symbol.asyncIterator]: () => Promise.reject(new Error('not asked for')) as never,
  };
  const shop = { products: { list: () => listing, get: () => Promise.reject(new Error('not asked for')) } };
  const categories = new Categories(storage);
  categories.see([card('tables')]);
  assert.deepEqual(categories.view, [], 'nothing moves before it is complete');
  await Promise.all([categories.learn(shop), categories.learn(shop)]);
  assert.deepEqual(categories.view, ['bags', 'lamps', 'pots', 'tables']);
  assert.equal(pages, 3);
  categories.see([card('chairs')]);
  assert.deepEqual(new Categories(storage).view, ['bags', 'chairs', 'lamps', 'pots', 'tables']);
});
