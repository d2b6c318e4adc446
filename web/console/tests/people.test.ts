import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StaffClient, StaffUser } from '@buy-from-me/client';
import { changeOf, possibleStatuses, readAgain } from '../src/people.ts';

const sam: StaffUser = {
  userId: 'usr_01m7zw4tr33rhbbckb7sx7j0px',
  email: 'sam@example.com',
  name: 'Sam',
  role: 'staff',
  status: 'active',
  createdAt: '2026-11-21T10:00:00Z',
  version: 3,
};

test('a change names what differs and nothing else', () => {
  assert.equal(changeOf(sam, { role: 'staff', status: 'active' }), undefined);
  assert.deepEqual(changeOf(sam, { role: 'admin', status: 'active' }), { role: 'admin' });
  assert.deepEqual(changeOf(sam, { role: 'staff', status: 'disabled' }), { status: 'disabled' });
  assert.deepEqual(changeOf(sam, { role: 'admin', status: 'disabled' }), { role: 'admin', status: 'disabled' });
});

test('nobody becomes invited, and who is invited does not become active', () => {
  assert.equal(changeOf(sam, { role: 'staff', status: 'invited' }), undefined);
  assert.deepEqual(possibleStatuses({ ...sam, status: 'invited' }), ['invited', 'disabled']);
  assert.deepEqual(possibleStatuses({ ...sam, status: 'disabled' }), ['disabled', 'active']);
  assert.deepEqual(possibleStatuses(sam), ['active', 'disabled']);
});

/** Returns a client that lists these people, and the filters that it was asked with. */
function listing(people: readonly StaffUser[]): { staff: StaffClient; asked: unknown[] } {
  const asked: unknown[] = [];
  const list = (filter: unknown) => {
    asked.push(filter);
    return {
      async *[Symbol.asyncIterator]() {
        yield* people;
      },
    };
  };
  return { staff: { users: { list } } as unknown as StaffClient, asked };
}

test('somebody is read anew from the list that they are on, whatever they have become', async () => {
  const now = { ...sam, role: 'admin' as const, version: 4 };
  const { staff, asked } = listing([{ ...sam, userId: 'usr_other' }, now]);
  const signal = new AbortController().signal;
  assert.deepEqual(await readAgain(staff, sam, signal), now);
  assert.deepEqual(await readAgain(staff, { ...sam, role: 'customer' }, signal), now);
  assert.equal(await readAgain(staff, { ...sam, userId: 'usr_gone' }, signal), undefined);
  assert.deepEqual(asked, [{ limit: 100 }, { limit: 100, role: 'customer' }, { limit: 100 }]);
});
