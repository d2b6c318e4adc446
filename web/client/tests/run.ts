// Runs the client's tests against a running shop: the one that SHOP_READY_FILE tells of, which
// must count no sign-ins (see LIMITS), or else one that is built and started for it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** Tests sign in more often than an address may. */
const LIMITS = ['SignInLimit', 'StaffSignInLimit', 'RegistrationLimit', 'InvitationLimit', 'RequestLimit'];

const tests = dirname(fileURLToPath(import.meta.url));
const root = join(tests, '../../..');

async function withShop(run: (readyFile: string) => Promise<number>): Promise<number> {
  const given = process.env['SHOP_READY_FILE'];
  if (given) return run(given);
  const folder = await mkdtemp(join(tmpdir(), 'client-tests-'));
  const [readyFile, log] = [join(folder, 'ready.json'), join(folder, 'shop.log')];
  const output = await open(log, 'w');
  const parameters = LIMITS.flatMap((name) => ['--parameter', `${name}=100000`]);
  const shop = spawn('cargo', ['run', '--locked', '--', '--port', '0', '--ready-file', readyFile, ...parameters], {
    cwd: root,
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

process.exitCode = await withShop(async (readyFile) => {
  const files = (await readdir(tests)).filter((name) => name.endsWith('.test.ts')).map((name) => join(tests, name));
  const options = ['--import', 'tsx', '--conditions=source', '--test', '--test-timeout=60000'];
  const node = spawn(process.execPath, [...options, ...process.argv.slice(2), ...files], {
    env: { ...process.env, SHOP_READY_FILE: readyFile },
    stdio: 'inherit',
  });
  const [code] = (await once(node, 'exit')) as [number | null];
  return code ?? 1;
});
