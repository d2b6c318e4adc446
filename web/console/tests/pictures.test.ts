import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pictureError } from '../src/pictures.ts';

test('only JPEG, PNG and WebP up to 5 MiB are sent', () => {
  for (const type of ['image/jpeg', 'image/png', 'image/webp']) {
    assert.equal(pictureError({ type, size: 1 }), undefined);
    assert.equal(pictureError({ type, size: 5_242_880 }), undefined);
    assert.match(pictureError({ type, size: 5_242_881 }) ?? '', /too large: 5,242,881/);
    assert.match(pictureError({ type, size: 0 }) ?? '', /empty/);
  }
  for (const type of ['image/gif', 'image/svg+xml', 'text/html', '']) {
    assert.match(pictureError({ type, size: 1 }) ?? '', /not a JPEG/);
  }
});
