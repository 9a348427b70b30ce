/** Whether the Dockerfile's build stage builds from what it copies, without a container engine. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const stage = readFileSync(join(root, 'Dockerfile'), 'utf8').split(/^FROM /m)[1] ?? '';
const copied = [...stage.matchAll(/^COPY (.+) \S+$/gm)].flatMap(([, sources = '']) => sources.split(' '));
const [, command = ''] = /^RUN (npm run build)$/m.exec(stage) ?? [];
const folder = mkdtempSync(join(tmpdir(), 'roost-image-'));
try {
  for (const source of copied) cpSync(join(root, source), join(folder, source), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const { status } = spawnSync(command, { cwd: folder, shell: true, stdio: 'inherit' });
  const functions = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((n) =>
    n.endsWith('.sql'),
  );
  const isWhole = functions.every((name) => existsSync(join(folder, 'dist', name)));
  if (command === '' || status !== 0 || !isWhole) {
    process.stderr.write('The Dockerfile does not build Roost: compare what it copies with what the build needs.\n');
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true });
}
