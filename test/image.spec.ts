/** The production image, as far as it can be tested without a container engine; scripts/image-check.mjs builds its build stage. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '..');
const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8');

describe('the image', () => {
  it('copies only files that exist and that .dockerignore lets through', () => {
    const copied = [...read('Dockerfile').matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources = '']) =>
      sources.split(' '),
    );
    const letThrough = read('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'));
    expect(copied.length).toBeGreaterThan(5);
    for (const source of copied) {
      const name = source.replace(/\/$/, '');
      expect([name, existsSync(join(ROOT, name)), letThrough.includes(`!${name}`)]).toEqual([name, true, true]);
    }
  });

  it('runs on Node 24, and not as root', () => {
    expect([...read('Dockerfile').matchAll(/^FROM (\S+)/gm)].map(([, image]) => image)).toEqual(
      Array<string>(3).fill('node:24-bookworm-slim'),
    );
    expect(read('Dockerfile')).toMatch(/^USER node$/m);
  });
});
