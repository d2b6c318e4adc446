// Makes pictures, so that none must be kept in the repository, and looks at those that a page shows.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { crc32, deflateSync } from 'node:zlib';
import type { Locator } from 'playwright-core';

/** Returns a grey PNG of about so many bytes: noise, which nothing makes smaller. */
export function picture(bytes: number): Buffer {
  const side = Math.ceil(Math.sqrt(bytes));
  const rows = Array.from({ length: side }, () => Buffer.concat([Buffer.of(0), randomBytes(side)]));
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  // 8 bits of grey.
  header.set([8, 0, 0, 0, 0], 8);
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', deflateSync(Buffer.concat(rows))), chunk('IEND', Buffer.alloc(0))]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/**
 * Waits until an image is there, and holds that the browser took the smallest of its sizes that has
 * all the pixels which are drawn, and that the file is as wide as it says.
 */
export async function showsFittingSize(image: Locator): Promise<void> {
  await image.scrollIntoViewIfNeeded();
  const { drawn, said, pixels, widths } = await image.evaluate(async (it: HTMLImageElement) => {
    await it.decode();
    const sizes = [...it.srcset.matchAll(/(\S+) (\d+)w/g)].map(([, url, width]) => ({ url, width: Number(width) }));
    // With a srcset, an image's own naturalWidth is that of its place: the file's is its own.
    const file = new Image();
    file.src = it.currentSrc;
    await file.decode();
    return {
      drawn: it.clientWidth * devicePixelRatio,
      said: sizes.find(({ url }) => url === it.currentSrc)?.width,
      pixels: file.naturalWidth,
      widths: sizes.map(({ width }) => width),
    };
  });
  assert.equal(pixels, said, 'the file is as wide as the page says');
  const enough = Math.min(...widths.filter((it) => it >= drawn));
  assert.equal(pixels, enough, `drawn ${drawn} wide, of ${widths.join(', ')}`);
}
