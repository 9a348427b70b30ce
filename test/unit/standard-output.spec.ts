/** The log on a real pipe, read or not. */
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { Output, OUTPUT } from '../../src/common/files/standard-output.js';
import { eventually } from '../support/process.js';

const LINE = `${JSON.stringify({ event: 'request', text: 'x'.repeat(1_000) })}\n`;

describe.each([
  ['a pipe of its own', false],
  ['a descriptor that others have, too', true],
])('the log on %s', (_, mayWait) => {
  let folder: string;
  let pipe: string;
  let reader: number;
  let writer: number;
  // Open until the end: what a test has left unwritten must not come to the next one's pipe.
  const writers: number[] = [];

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'roost-output-'));
    pipe = join(folder, 'pipe');
  });

  beforeEach(() => {
    execFileSync('mkfifo', [pipe]);
    reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    writer = openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK);
    writers.push(writer);
  });

  afterEach(() => {
    jest.restoreAllMocks();
    rmSync(pipe);
  });

  afterAll(() => {
    for (const each of writers) closeSync(each);
    rmSync(folder, { recursive: true });
  });

  /** What is there at this moment. */
  function read(): string {
    const bytes = Buffer.alloc(2 ** 20);
    try {
      return bytes.toString('utf8', 0, readSync(reader, bytes));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return '';
      throw error;
    }
  }

  it('is written in order, and whole, to a reader that is slow', async () => {
    const output = new Output({ descriptor: writer, mayWait }, (line) => line);
    const lines = Array.from({ length: 500 }, (_, number) => `${number} ${LINE}`);
    for (const line of lines) output.write(line);
    let text = '';
    await eventually(() => (text += read()).length >= lines.join('').length);
    expect(text).toBe(lines.join(''));
    closeSync(reader);
  });

  it('does not grow for ever while nobody reads, and says later how much is missing', async () => {
    jest.replaceProperty(OUTPUT, 'most', 10_000);
    const output = new Output({ descriptor: writer, mayWait }, (line) => line);
    // The pipe holds 64 KiB.
    for (let turn = 0; turn < 100; turn += 1) {
      output.write(LINE);
      await new Promise(setImmediate);
    }
    let text = '';
    await eventually(() => {
      output.write('last\n');
      return (text += read()).includes('last');
    });
    const kept = text.split('\n').filter((line) => `${line}\n` === LINE).length;
    const told = text.matchAll(/^\{"level":"warn","time":"[^"]+","event":"log_lines_dropped","lines":(\d+),/gm);
    const missing = [...told].reduce((sum, [, count]) => sum + Number(count), 0);
    expect(missing).toBeGreaterThan(0);
    // Of the last ones, too.
    expect(kept + missing).toBeGreaterThanOrEqual(100);
    closeSync(reader);
  });

  it('loses nothing when a flush gave up, as after a fatal line, and the reader comes back', async () => {
    jest.replaceProperty(OUTPUT, 'flushMs', 50);
    const output = new Output({ descriptor: writer, mayWait }, (line) => line);
    const lines = Array.from({ length: 300 }, (_line, number) => `${number} ${LINE}`);
    for (const [number, line] of lines.entries()) {
      output.write(line);
      if (number === 250) output.flushSync();
    }
    let text = '';
    await eventually(() => (text += read()).length >= lines.join('').length);
    expect(text).toBe(lines.join(''));
    closeSync(reader);
  });

  it('says at the end, too, how much is missing', () => {
    jest.replaceProperty(OUTPUT, 'most', 1_000);
    const output = new Output({ descriptor: writer, mayWait }, (line) => line);
    for (let count = 0; count < 5; count += 1) output.write(LINE);
    output.flushSync();
    expect(read()).toMatch(/"event":"log_lines_dropped","lines":4,/);
    closeSync(reader);
  });

  it('gives up at the end of the process when nobody reads, or the reader has left, but not before it has tried', () => {
    jest.replaceProperty(OUTPUT, 'flushMs', 0);
    const output = new Output({ descriptor: writer, mayWait }, (line) => line);
    for (let count = 0; count < 200; count += 1) output.write(LINE);
    output.flushSync();
    expect(read().startsWith(LINE)).toBe(true);
    closeSync(reader);
    output.write(LINE);
    output.flushSync();
  });
});

it('leaves packages behind a link what they are, as in node_modules of pnpm', () => {
  const folder = mkdtempSync(join(tmpdir(), 'roost-output-'));
  mkdirSync(join(folder, 'store'));
  writeFileSync(join(folder, 'store', 'package.mjs'), 'export const url = import.meta.url;');
  symlinkSync(join(folder, 'store'), join(folder, 'linked'));
  const log = pathToFileURL(join(__dirname, '../../dist/common/files/standard-output.js'));
  const main = join(folder, 'main.mjs');
  writeFileSync(
    main,
    `import { standardOutput } from '${log.href}';
    standardOutput();
    process.stdout.write((await import('./linked/package.mjs')).url);`,
  );
  // Standard output is a pipe, as under Docker and systemd: that of execFile is a socket.
  const url = execFileSync('sh', ['-c', '"$0" "$1" | cat', process.execPath, main], { encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  expect(url).toBe(pathToFileURL(join(folder, 'store', 'package.mjs')).href);
});
