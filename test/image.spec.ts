/** The production image, as far as it can be tested without a container engine; scripts/image-check.mjs builds its build stage. */
import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

const ROOT = join(__dirname, '..');
const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8');

/** What the Dockerfile copies from the repository. */
const copied = [...read('Dockerfile').matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources = '']) =>
  sources.split(' '),
);

/** Whether the image builds it of src. */
const isBuilt = (name: string): boolean =>
  name.startsWith('dist/') && existsSync(join(ROOT, name.replace('dist/', 'src/').replace(/\.js$/, '.ts')));

describe('the image', () => {
  it('copies only files that exist and that .dockerignore lets through [V15.2.3]', () => {
    const letThrough = read('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'));
    expect(copied.length).toBeGreaterThan(5);
    for (const source of copied) {
      const name = source.replace(/\/$/, '');
      expect([name, existsSync(join(ROOT, name)), letThrough.includes(`!${name}`)]).toEqual([name, true, true]);
    }
  });

  it('copies with a script everything that it imports of the repository', () => {
    const scripts = copied.filter((source) => source.endsWith('.mjs'));
    expect(scripts.length).toBeGreaterThan(2);
    const missing = scripts.flatMap((script) =>
      [...read(script).matchAll(/(?:from|import)[ (]+'(\.[^']+)'/g)]
        .map(([, target = '']) => posix.join(posix.dirname(script), target))
        .filter((target) => !copied.includes(target) && !isBuilt(target))
        .map((target) => `${script} imports ${target}`),
    );
    expect(missing).toEqual([]);
  });

  it('runs on Node 24, and not as root', () => {
    expect([...read('Dockerfile').matchAll(/^FROM (\S+)/gm)].map(([, image]) => image)).toEqual(
      Array<string>(3).fill('node:24-bookworm-slim'),
    );
    expect(read('Dockerfile')).toMatch(/^USER node$/m);
  });
});
