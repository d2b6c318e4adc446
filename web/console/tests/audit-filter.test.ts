import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayAfter, queryOf, today, viewOf } from '../src/audit-filter.ts';

test('an address and what is looked at say the same', () => {
  for (const query of ['', 'day=2026-11-21', 'actor=operator', 'day=2026-11-21&actor=usr_1', 'target=prod_1']) {
    const read = queryOf(viewOf(new URLSearchParams(query)));
    assert.deepEqual(read, Object.fromEntries(new URLSearchParams(query)));
  }
});

test('the shop takes an actor or a target, so an address with both means the actor', () => {
  assert.deepEqual(queryOf(viewOf(new URLSearchParams('target=prod_1&actor=usr_1'))), { actor: 'usr_1' });
});

test('days go on over months, years and daylight saving', () => {
  assert.equal(dayAfter('2026-12-31', 1), '2027-01-01');
  assert.equal(dayAfter('2028-03-01', -1), '2028-02-29');
  assert.equal(dayAfter('2026-03-29', 1), '2026-03-30');
  assert.equal(dayAfter('yesterday', 1), undefined);
});

test('today is a day of UTC', () => {
  assert.equal(today(new Date('2026-11-21T23:59:59-05:00')), '2026-11-22');
});
