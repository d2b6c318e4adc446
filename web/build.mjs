// Bundles the two pages into dist/, which is committed: whoever runs the shop needs no Node.
//
// Names of scripts and styles carry a hash of their content, so that they may be
// cached for ever; index.html names them and is asked for anew each time.
import { build } from 'esbuild';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(fileURLToPath(import.meta.url));
const dist = join(root, 'dist');

/** Bundles one page: `folder` under web/, `to` under dist/. */
async function page(folder, to) {
  const out = join(dist, to);
  const result = await build({
    absWorkingDir: root,
    entryPoints: [`${folder}/src/main.tsx`],
    entryNames: 'assets/[name]-[hash]',
    assetNames: 'assets/[name]-[hash]',
    outdir: out,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    conditions: ['source'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    loader: { '.svg': 'file' },
    legalComments: 'linked',
    metafile: true,
    logLevel: 'warning',
  });
  const outputs = Object.keys(result.metafile.outputs);
  const asset = (extension) => {
    const name = outputs.find((it) => it.endsWith(extension));
    if (!name) throw new Error(`${folder} has no ${extension}`);
    return join(root, name).slice(out.length + 1);
  };
  const html = await readFile(join(root, folder, 'index.html'), 'utf8');
  await mkdir(out, { recursive: true });
  await writeFile(
    join(out, 'index.html'),
    html.replaceAll('%SCRIPT%', asset('.js')).replaceAll('%STYLE%', asset('.css')),
  );
}

await rm(dist, { recursive: true, force: true });
await page('storefront', '.');
await page('console', 'console');
