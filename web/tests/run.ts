// Runs the tests of a folder, or one program, against a running shop:
// `tsx tests/run.ts FOLDER [options of node --test]`, `tsx tests/run.ts FILE`.
// The shop is the one that SHOP_READY_FILE tells of, which must count next to no requests (see
// LIMITS), or else one that is built and started for it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** Tests sign in, register and invite more often than an address may. */
const LIMITS = ['SignInLimit', 'StaffSignInLimit', 'RegistrationLimit', 'InvitationLimit', 'RequestLimit'];

const web = dirname(dirname(fileURLToPath(import.meta.url)));

/** Runs something with the ready file of a shop that is open meanwhile. */
async function withShop<Result>(run: (readyFile: string) => Promise<Result>): Promise<Result> {
  const given = process.env['SHOP_READY_FILE'];
  if (given) return run(given);
  const folder = await mkdtemp(join(tmpdir(), 'shop-for-tests-'));
  const [readyFile, log] = [join(folder, 'ready.json'), join(folder, 'shop.log')];
  const output = await open(log, 'w');
  // Tests look at once at what they have changed.
  const values = [...LIMITS.map((name) => `${name}=100000`), 'CatalogueCacheSeconds=0'];
  const parameters = values.flatMap((value) => ['--parameter', value]);
  const shop = spawn('cargo', ['run', '--locked', '--', '--port', '0', '--ready-file', readyFile, ...parameters], {
    cwd: dirname(web),
    stdio: ['ignore', output.fd, output.fd],
  });
  const ended = once(shop, 'exit');
  try {
    while (!existsSync(readyFile)) {
      if (shop.exitCode !== null) throw new Error(`The shop did not start:\n${await readFile(log, 'utf8')}`);
      await sleep(200);
    }
    return await run(readyFile);
  } finally {
    // cargo has become the shop.
    if (shop.exitCode === null) shop.kill('SIGTERM');
    await ended;
    await output.close();
    await rm(folder, { recursive: true });
  }
}

/** Runs a program of Node with the sources of all packages, and returns its exit code. */
async function runNode(readyFile: string, parameters: readonly string[]): Promise<number> {
  const node = spawn(process.execPath, ['--import', 'tsx', '--conditions=source', ...parameters], {
    cwd: web,
    env: { ...process.env, SHOP_READY_FILE: readyFile },
    stdio: 'inherit',
  });
  const [code] = (await once(node, 'exit')) as [number | null];
  return code ?? 1;
}

/** Returns the files of tests in a folder. */
async function testsIn(folder: string): Promise<string[]> {
  const names = await readdir(join(web, folder));
  return names.filter((name) => name.endsWith('.test.ts')).sort().map((name) => join(folder, name));
}

/** Returns what to run: a program, or the tests of a folder. */
async function parametersOf(path: string, options: readonly string[]): Promise<readonly string[]> {
  if (path.endsWith('.ts')) return [path, ...options];
  const files = await testsIn(path);
  if (files.length === 0) throw new Error(`${path} has no tests.`);
  return ['--test', '--test-reporter=spec', '--test-timeout=240000', ...options, ...files];
}

const [path, ...options] = process.argv.slice(2);
if (!path) throw new Error('Of what?');
const parameters = await parametersOf(path, options);
process.exitCode = await withShop((readyFile) => runNode(readyFile, parameters));
