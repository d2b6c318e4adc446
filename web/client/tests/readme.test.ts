// The README's examples, taken from it as they stand: they compile, and run against the shop.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { api } from './shop.ts';

const tests = fileURLToPath(new URL('.', import.meta.url));
const web = join(tests, '../..');
const run = promisify(execFile);

/** What each example prints. */
const PRINTED = [
  /^\S.* \d+(\.\d+)? EUR \d+ pictures\n$/,
  /^Wrong address or password\nHello Alice Archer\nGoodbye\n$/,
  /^placed true\n$/,
  /^Alice Archer\nAbortError\n$/,
  /^0 %\n100 %\nReading Lamp 1 pending\n5200 12\n$/,
];

test("the README's five examples compile, and do what they say", async (t) => {
  const readme = await readFile(join(tests, '../README.md'), 'utf8');
  const examples = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => match[1] ?? '');
  assert.equal(examples.length, PRINTED.length);
  // Inside of the workspace, where the package is found.
  const folder = await mkdtemp(join(tests, 'readme-'));
  t.after(() => rm(folder, { recursive: true }));
  const files = examples.map((_, index) => join(folder, `example-${index + 1}.mts`));
  for (const [index, example] of examples.entries()) {
    assert.ok(example.includes('http://127.0.0.1:9000'), `example ${index + 1}`);
    await writeFile(files[index] ?? '', example.replaceAll('http://127.0.0.1:9000', api));
  }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ extends: join(web, 'tsconfig.json'), files, include: [] }));
  await run(process.execPath, [join(web, 'node_modules/typescript/bin/tsc'), '--project', folder]);
  for (const [index, file] of files.entries()) {
    const { stdout } = await run(process.execPath, ['--import', 'tsx', '--conditions=source', file], { cwd: web });
    assert.match(stdout, PRINTED[index] ?? /never/, `example ${index + 1}`);
  }
});
