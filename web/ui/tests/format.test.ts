import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatMoney, parseMoney } from '../src/format.ts';

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
