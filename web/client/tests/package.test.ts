// The package as it would be published: built, complete, small, and usable without this workspace.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import * as source from '@buy-from-me/client';
import { build } from 'esbuild';

const web = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

/** How many bytes the client and what it is built on may have, compressed. */
const LIMIT = 9.5 * 1024;

test('the package builds, loads in plain Node, and holds what it exports', async () => {
  await run('npm', ['run', 'build', '--workspace', 'client'], { cwd: web });
  const script = "import * as client from '@buy-from-me/client'; console.log(JSON.stringify(Object.keys(client)))";
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], { cwd: join(web, 'client') });
  assert.deepEqual(JSON.parse(stdout), Object.keys(source));
  const packed = await run('npm', ['pack', '--dry-run', '--json', '--workspace', 'client'], { cwd: web });
  const [{ files }] = JSON.parse(packed.stdout) as [{ files: { path: string }[] }];
  const paths = files.map(({ path }) => path).filter((path) => !/^dist\/\w+\.(js|d\.ts)$/.test(path));
  assert.deepEqual(paths.sort(), ['README.md', 'package.json']);
  assert.ok(files.some(({ path }) => path === 'dist/index.d.ts'));
});

test('the whole client is small', async () => {
  const contents = "export * from '@buy-from-me/client'";
  const bundled = await build({
    stdin: { contents, resolveDir: join(web, 'client') },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    conditions: ['source'],
    write: false,
  });
  const size = gzipSync(bundled.outputFiles[0]?.contents ?? '', { level: 9 }).length;
  assert.ok(size > 4000 && size < LIMIT, `${size} bytes`);
});
