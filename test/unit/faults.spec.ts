import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(__dirname, '../..');

const ask = (code: string): any => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', code], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  expect([status, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
};

describe('docs/reliability.md', () => {
  const page = readFileSync(join(ROOT, 'docs/reliability.md'), 'utf8');

  it('has exactly the faults that npm run test:faults has, and that each has held or was skipped with a reason', () => {
    const { stdout } = spawnSync(process.execPath, ['scripts/faults.mjs', '--list'], { cwd: ROOT, encoding: 'utf8' });
    const rows = [...page.matchAll(/^\| `([a-z-]+)` +\| [^|]+\| ([^|]+?) +\|/gm)];
    expect(rows.map(([, name]) => name)).toEqual(stdout.trim().split('\n'));
    for (const [, name, held] of rows) expect([name, held]).toEqual([name, expect.stringMatching(/^yes$|^skipped: ./)]);
  });

  it('names tests that exist', () => {
    const held: [string, string, string][] = ask(
      `const { HELD_BY_TESTS } = await import('./test/faults/support/elsewhere.mjs');
       process.stdout.write(JSON.stringify(HELD_BY_TESTS))`,
    );
    for (const [fault, file, title] of held) {
      const tests = readFileSync(join(ROOT, `test/e2e/${file}.spec.ts`), 'utf8');
      expect([fault, tests.includes(`'${title}`)]).toEqual([fault, true]);
      expect(page).toContain(`| ${title} `);
    }
  });
});

/** The faults have the servers of Debian's packages. */
const describeWithServers = existsSync('/usr/lib/postgresql') ? describe : describe.skip;

describeWithServers('a fault that fails', () => {
  let folder: string;
  let child: ChildProcessWithoutNullStreams | undefined;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'roost-failing-'));
    // PostgreSQL does not run as root: its user has to be able to enter.
    chmodSync(folder, 0o755);
  });

  afterEach(() => {
    child?.kill('SIGKILL');
    for (const { pid } of left()) process.kill(pid, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  });

  /** All that the faults start works in their folder. */
  const left = (): { pid: number; name: string }[] =>
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => worksIn(pid, folder))
      .map((pid) => ({ pid, name: readFileSync(`/proc/${pid}/comm`, 'utf8').trim() }));

  /** As scripts/faults.mjs runs one, without its end by force: what a case leaves open keeps it from ending. */
  const run = async (code: string): Promise<{ code: number | null; said: string }> => {
    const start = `const children = await import('./test/faults/support/children.mjs');
      children.endAllWithUs();
      const { underLoad } = await import('./test/faults/support/under-load.mjs');
      const how = { full: false, say: (text) => console.log(text) };`;
    child = spawn(process.execPath, ['--input-type=module', '--eval', start + code], {
      cwd: ROOT,
      env: { ...process.env, TMPDIR: folder },
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (said += bytes.toString()));
    const [ended] = (await once(child, 'close')) as [number | null];
    return { code: ended, said };
  };

  it('says so, and leaves no process, no file and nothing that keeps the runner from ending', async () => {
    const { code, said } = await run(`
      let ledger;
      const inflict = ({ writers }) => {
        ledger = writers.ledger;
        throw new Error('on purpose');
      };
      await underLoad(how, { strokes: [1, 1], inflict }).catch((error) => console.log(error.message));
      console.log(ledger.acknowledged.length > 0);
      await children.endAll();
      children.removeAll();
      process.exitCode = 1;`);
    expect([code, said, left(), readdirSync(folder)]).toEqual([1, 'on purpose\ntrue\n', [], []]);
  });

  it('ends its traffic and its reader of the stream, also when Roost is gone', async () => {
    const { code, said } = await run(`
      const load = (name) => import('./test/faults/support/' + name + '.mjs');
      const [{ Client }, { Server }, { Follower }] = await Promise.all(['client', 'cluster', 'follower'].map(load));
      const [{ Ledger }, { Roost }, { until }] = await Promise.all(['ledger', 'roost', 'time'].map(load));
      const { Traffic } = await load('traffic');
      const roost = await Roost.start({ DATABASE_URL: (await Server.create()).url });
      const ledger = await Ledger.open();
      const traffic = new Traffic(roost.url, { ledger, rate: 50 });
      await traffic.start();
      const { token } = await traffic.writers.join();
      // Its pages are never answered.
      const client = new Client(roost.url);
      client.close();
      const follower = new Follower(roost.url, { client, token, lastId: 'of another server' });
      follower.start();
      await until(() => follower.resets > 0 && ledger.acknowledged.length > 0);
      await roost.end('SIGKILL');
      await Promise.all([traffic.close(), follower.stop()]);
      await ledger.close();
      await children.endAll();
      children.removeAll();
      process.exitCode = 1;`);
    expect([code, said, left(), readdirSync(folder)]).toEqual([1, '', [], []]);
  });

  it('leaves nothing behind when nobody caught its error', async () => {
    const { code, said } = await run(`
      const inflict = () => {
        void Promise.reject(new Error('by accident'));
        return new Promise(() => undefined);
      };
      await underLoad(how, { strokes: [1, 1], inflict });`);
    expect([code, said.split('\n')[0], left(), readdirSync(folder)]).toEqual([1, 'Error: by accident', [], []]);
  });
});

function worksIn(pid: number, folder: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/cwd`).startsWith(folder);
  } catch {
    return false;
  }
}
