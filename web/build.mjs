// Bundles the two pages into dist/, which is committed: whoever runs the shop needs no Node.
// `--check` builds elsewhere and fails if dist/ is not the same. `--language de` takes the
// text of text/de.ts.
//
// Names of scripts and styles carry a hash of their content, so that they may be
// cached for ever; index.html names them and is asked for anew each time.
import { build } from 'esbuild';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(fileURLToPath(import.meta.url));
const dist = join(root, 'dist');
const language = process.argv.includes('--language') ? process.argv[process.argv.indexOf('--language') + 1] : 'en';

/** Bundles the page of one folder under web/ into another folder. */
async function bundle(folder, out) {
  const result = await build({
    absWorkingDir: root,
    entryPoints: [`${folder}/src/main.tsx`, 'ui/src/icon.svg'],
    entryNames: 'assets/[name]-[hash]',
    assetNames: 'assets/[name]-[hash]',
    outdir: out,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    conditions: ['source'],
    alias: { '@buy-from-me/text': join(root, 'text', `${language}.ts`) },
    jsx: 'automatic',
    jsxImportSource: 'preact',
    loader: { '.svg': 'copy' },
    legalComments: 'linked',
    metafile: true,
    logLevel: 'warning',
  });
  const outputs = Object.keys(result.metafile.outputs).map((it) => join(root, it).slice(out.length + 1));
  const asset = (extension) => {
    const name = outputs.find((it) => it.endsWith(extension));
    if (!name) throw new Error(`${folder} has no ${extension}`);
    return name;
  };
  const html = await readFile(join(root, folder, 'index.html'), 'utf8');
  await mkdir(out, { recursive: true });
  await writeFile(
    join(out, 'index.html'),
    html
      .replaceAll('%LANGUAGE%', language)
      .replaceAll('%SCRIPT%', asset('.js'))
      .replaceAll('%STYLE%', asset('.css'))
      .replaceAll('%ICON%', asset('.svg')),
  );
}

/** Bundles both pages: the storefront at the top, the console in a folder. */
async function bundleAll(out) {
  await bundle('storefront', out);
  await bundle('console', join(out, 'console'));
}

/** Reads all files below a folder, by their path in it. */
async function files(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const names = entries.filter((it) => it.isFile()).map((it) => join(it.parentPath ?? it.path, it.name));
  const pairs = names.map(async (name) => [name.slice(folder.length + 1), await readFile(name)]);
  return new Map(await Promise.all(pairs));
}

if (process.argv.includes('--check')) {
  const scratch = await mkdtemp(join(tmpdir(), 'pages-'));
  try {
    await bundleAll(scratch);
    const [made, committed] = [await files(scratch), await files(dist)];
    const names = new Set([...made.keys(), ...committed.keys()]);
    const other = [...names].filter((name) => !made.get(name)?.equals(committed.get(name) ?? Buffer.alloc(0)));
    if (made.size === 0 || other.length > 0) {
      console.error(`dist/ is not what the sources make: ${other.sort().join(', ')}. Run: npm run build`);
      process.exitCode = 1;
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
} else {
  await rm(dist, { recursive: true, force: true });
  await bundleAll(dist);
}
