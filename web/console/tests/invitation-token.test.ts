import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forgetInvitationToken, invitationToken, watchForInvitations } from '../src/invitation-token.ts';

/** Opens the page at an address. Returns what stands in the address bar then. */
function openAt(hash: string): string {
  const location = { hash };
  const history = { replaceState: (_state: unknown, _title: string, to: string) => (location.hash = to) };
  Object.assign(globalThis, { location, history, addEventListener: () => {} });
  forgetInvitationToken();
  watchForInvitations();
  return location.hash;
}

test('a token is taken out of every address that shows the page of invitations', () => {
  for (const address of ['#/invitation?token=t1', '#invitation?token=t1', '#/invitation/?token=t1', '#//invitation?a=b&token=t1', '#/%69nvitation/x?token=t1']) {
    assert.equal(openAt(address), '#/invitation', address);
    assert.equal(invitationToken(), 't1', address);
  }
});

test('other addresses stay as they are', () => {
  for (const address of ['', '#/invitation', '#/products?token=t1', '#/?token=t1']) {
    assert.equal(openAt(address), address);
    assert.equal(invitationToken(), undefined);
  }
});
