/** `npm run test:deno`: the typed client in Deno, which npm brings, against a Roost of its own. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const DENO = 'deno@2.9.6';
const ROOT = join(import.meta.dirname, '..');

const roost = spawn(process.execPath, [join(ROOT, 'scripts', 'start-test.mjs')], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
try {
  const [line] = await once(createInterface({ input: roost.stdout }), 'line', { signal: AbortSignal.timeout(60_000) });
  const args = [
    '--yes',
    DENO,
    'run',
    '--allow-net',
    '--allow-env',
    join(ROOT, 'test', 'deno', 'client.mjs'),
    JSON.parse(line).url,
  ];
  process.exitCode = spawnSync('npx', args, { stdio: 'inherit', shell: process.platform === 'win32' }).status ?? 1;
} finally {
  roost.stdin.end();
  await once(roost, 'close');
}
