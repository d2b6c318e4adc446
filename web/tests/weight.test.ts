// How much a browser must fetch before it shows the storefront.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type BuildOptions, build } from 'esbuild';
import { pageTest } from './browser.ts';
import { newProduct, ready, storefrontUrl } from './shop.ts';
import { link } from './storefront.ts';

/** The most that the first page may weigh without its pictures, in bytes, compressed as a CDN sends it. */
const MAX_BYTES = 60_000;
/** The most that a framework may weigh. */
const MAX_FRAMEWORK_BYTES = 15_000;

pageTest('the first page weighs less than 60 kB without its pictures', async ({ visitor }) => {
  const product = await newProduct();
  const page = await (await visitor()).tab();
  const weights: Record<string, number> = {};
  const reading: Promise<void>[] = [];
  page.on('response', (answer) => {
    const url = new URL(answer.url());
    if (answer.request().resourceType() === 'image') return;
    reading.push(
      answer.body().then(
        (body) => void (weights[url.pathname + url.search] = gzipSync(body).length),
        (error: unknown) => assert.fail(`${url}: ${error}`),
      ),
    );
  });
  await page.goto(storefrontUrl, { waitUntil: 'networkidle' });
  await link(page, product.name).waitFor();
  await Promise.all(reading);
  const paths = Object.keys(weights);
  for (const expected of [/^\/$/, /\.js$/, /\.css$/, /^\/config\.json$/, /^\/api\/products/]) {
    assert.ok(paths.some((it) => expected.test(it)), `${expected} is among ${paths.join(', ')}`);
  }
  const total = Object.values(weights).reduce((sum, it) => sum + it, 0);
  assert.ok(total < MAX_BYTES, JSON.stringify({ total, ...weights }));
  assert.ok(new URL(ready.web).origin === new URL(storefrontUrl).origin);
});

const BUNDLE = {
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  conditions: ['source'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  loader: { '.svg': 'empty' },
  write: false,
  metafile: true,
  outdir: 'nowhere',
} as const satisfies BuildOptions;

void test('no package in the pages weighs more than 15 kB', async () => {
  for (const folder of ['storefront', 'console']) {
    const { metafile } = await build({ ...BUNDLE, entryPoints: [`${folder}/src/main.tsx`] });
    const packages = new Map<string, string[]>();
    for (const path of Object.keys(metafile.inputs)) {
      const name = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1];
      if (name) packages.set(name, [...(packages.get(name) ?? []), path]);
    }
    assert.ok(packages.has('preact'), [...packages.keys()].join(', '));
    for (const [name, files] of packages) {
      const contents = files.map((file, at) => `export * as part${at} from './${file}';`).join('\n');
      const { outputFiles } = await build({ ...BUNDLE, stdin: { contents, resolveDir: '.' } });
      const weight = gzipSync(outputFiles[0]?.contents ?? '').length;
      assert.ok(weight > 100 && weight < MAX_FRAMEWORK_BYTES, `${name}: ${weight}`);
    }
  }
});
