import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Category } from '@buy-from-me/client';
import { emptyAddress, readAddress } from '../src/checkout/address.tsx';
import { countryOptions } from '../src/checkout/countries.ts';
import { Categories } from '../src/categories.ts';
import { barePhone } from '../src/phone.ts';
import { parseQuantity } from '../src/quantity.tsx';
import { safeNext } from '../src/signing-in.ts';
import { isCancellable } from '../src/status.tsx';

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
});

const LAMPS: Category = { slug: 'lamps', name: 'Lamps & lights', parent: null, version: 1 };

/** A place that keeps texts, with what is in it. */
function storage(before: Record<string, string> = {}) {
  const kept = new Map(Object.entries(before));
  return { kept, getItem: (name: string) => kept.get(name) ?? null, setItem: (name: string, value: string) => void kept.set(name, value) };
}

test('categories are read once a visit, and kept for the next page of the tab', async () => {
  const tab = storage();
  let reads = 0;
  const shop = { categories: { list: () => Promise.resolve([{ ...LAMPS, slug: `lamps-${++reads}` }]) } };
  const categories = new Categories(tab);
  let told = 0;
  categories.subscribe(() => (told += 1));
  await Promise.all([categories.load(shop), categories.load(shop)]);
  await categories.load(shop);
  assert.deepEqual([reads, told, categories.view.map((it) => it.slug)], [1, 1, ['lamps-1']]);
  const next = new Categories(tab);
  assert.deepEqual(next.view, categories.view, 'they stand there before they are read');
  await next.load(shop);
  assert.deepEqual(next.view.map((it) => it.slug), ['lamps-2']);
});

test('a list of categories that could not be read is asked for again, and nothing that is kept breaks a page', async () => {
  const categories = new Categories(storage({ 'buy-from-me.category-list': '{"no":"list"}' }));
  assert.deepEqual(categories.view, []);
  await categories.load({ categories: { list: () => Promise.reject(new Error('down')) } });
  await categories.load({ categories: { list: () => Promise.resolve([LAMPS]) } });
  assert.deepEqual(categories.view, [LAMPS]);
  for (const kept of ['[null,1,{"slug":1}]', 'no JSON']) {
    assert.deepEqual(new Categories(storage({ 'buy-from-me.category-list': kept })).view, []);
  }
});

test('a category has its name, or is called by its slug', async () => {
  const categories = new Categories(storage());
  await categories.load({ categories: { list: () => Promise.resolve([LAMPS]) } });
  assert.equal(categories.nameOf('lamps'), 'Lamps & lights');
  assert.equal(categories.nameOf('coffee-mugs'), 'Coffee mugs');
});

test('an order can be cancelled until it is on its way', () => {
  const all = ['pending-payment', 'placed', 'processing', 'shipped', 'delivered', 'cancelled', 'expired', 'refunded'] as const;
  assert.deepEqual(all.filter((status) => isCancellable({ status })), ['pending-payment', 'placed', 'processing']);
});
