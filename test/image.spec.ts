/** The production image, as far as it can be tested without a container engine: what is copied in is enough to build. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(__dirname, '..');
const DOCKERFILE = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
const [BUILD_STAGE = ''] = DOCKERFILE.split(/^FROM /m).filter((stage) => stage.includes(' AS build'));

const letThrough = readFileSync(join(ROOT, '.dockerignore'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('!'))
  .map((line) => line.slice(1));

function copiedBy(stage: string): string[] {
  return [...stage.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources = '']) => sources.split(' '));
}

describe('the image', () => {
  it('copies only files that exist and that .dockerignore lets through', () => {
    const copied = copiedBy(DOCKERFILE);
    expect(copied.length).toBeGreaterThan(5);
    for (const source of copied) {
      expect([source, existsSync(join(ROOT, source)), letThrough.includes(source)]).toEqual([source, true, true]);
    }
  });

  it('is built from what its build stage copies, and nothing else', () => {
    const folder = mkdtempSync(join(tmpdir(), 'roost-image-'));
    try {
      for (const source of copiedBy(BUILD_STAGE)) cpSync(join(ROOT, source), join(folder, source), { recursive: true });
      symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
      const command = /^RUN (npm run build)$/m.exec(BUILD_STAGE)?.[1] ?? '';
      const { status, stdout, stderr } = spawnSync(command, { cwd: folder, shell: true, encoding: 'utf8' });
      expect([status, status === 0 ? '' : stdout + stderr]).toEqual([0, '']);
      expect(existsSync(join(folder, 'dist/main.js'))).toBe(true);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
