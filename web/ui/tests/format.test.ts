import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countryName, formatMoney, parseMoney, typedMoney } from '../src/format.ts';

test('writes an amount with the decimals of its currency', () => {
  assert.equal(formatMoney({ amount: 1999, currency: 'EUR' }), '€19.99');
  assert.equal(formatMoney({ amount: 100_000_000_0, currency: 'EUR' }), '€10,000,000.00');
  assert.equal(formatMoney({ amount: 5, currency: 'EUR' }), '€0.05');
  assert.equal(formatMoney({ amount: 1999, currency: 'JPY' }), '¥1,999');
});

test('reads an amount as minor units, without a rounding error', () => {
  const amount = (text: string, currency = 'EUR') => parseMoney(text, currency)?.amount;
  assert.equal(amount('19.99'), 1999);
  assert.equal(amount(' 19,9 '), 1990);
  assert.equal(amount('1999'), 199_900);
  assert.equal(amount('0.29'), 29);
  assert.equal(amount('1.005'), undefined);
  assert.equal(amount('1,999.00'), undefined);
  assert.equal(amount('-1'), undefined);
  assert.equal(amount(''), undefined);
  assert.equal(amount('1999', 'JPY'), 1999);
  assert.equal(amount('19.9', 'JPY'), undefined);
});

test('an amount is typed as it is read', () => {
  for (const amount of [0, 5, 70, 1999, 100000]) {
    for (const currency of ['EUR', 'JPY', 'KWD']) assert.deepEqual(parseMoney(typedMoney({ amount, currency }), currency), { amount, currency });
  }
  assert.equal(typedMoney({ amount: 5, currency: 'EUR' }), '0.05');
});

test('a country is called by its name, and what is none as it stands', () => {
  assert.equal(countryName('DE'), 'Germany');
  assert.equal(countryName('?'), '?');
});
