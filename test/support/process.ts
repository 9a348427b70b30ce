/** A Roost in a process of its own, as `node dist/main.js` starts it: for tests of starting, stopping and dying. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const MAIN = join(__dirname, '../../dist/main.js');

export class RoostProcess {
  output = '';
  private readonly child: ChildProcess;
  private readonly ended: Promise<number | null>;

  /**
   * @param folder the working directory: `.data` and `.env` are there
   * @param descriptors that it may have open; undefined: as many as we may
   */
  constructor(folder: string, env: Readonly<Record<string, string>> = {}, descriptors?: number) {
    const limit = descriptors === undefined ? '' : `ulimit -n ${descriptors}; `;
    this.child = spawn('sh', ['-c', `${limit}exec "$0" "$1"`, process.execPath, MAIN], {
      cwd: folder,
      env: { PATH: process.env.PATH, NODE_ENV: 'test', BCRYPT_COST: '4', PORT: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.output += chunk.toString();
      });
    }
    this.ended = once(this.child, 'close').then(([code]) => code as number | null);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** @returns the address it listens on, once it says that it is ready */
  async ready(): Promise<string> {
    const address = /API\s+(http:\/\/\S+)\/api\/v1|"address":"([^"]+)"/;
    await this.until(() => address.test(this.output));
    const [, development, production] = address.exec(this.output) ?? [];
    return development ?? production ?? '';
  }

  /** Waits for a condition on the output; fails when the process ends before. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      const ended = await Promise.race([this.ended.then(() => true), this.nextOutput().then(() => false)]);
      if (ended && !condition()) throw new Error(`Roost ended before: ${this.output}`);
    }
  }

  /** Its log waits in pipes until it is read again, as with a log shipper that hangs. */
  stopReading(): void {
    this.child.stdout?.pause();
  }

  readAgain(): void {
    this.child.stdout?.resume();
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** @returns the exit code; null after a signal */
  exit(): Promise<number | null> {
    return this.ended;
  }

  async stop(): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGTERM');
    return this.ended;
  }

  private async nextOutput(): Promise<void> {
    const streams = [this.child.stdout, this.child.stderr].filter((stream) => stream !== null);
    const over = new AbortController();
    try {
      await Promise.race(streams.map((stream) => once(stream, 'data', { signal: over.signal })));
    } finally {
      over.abort();
    }
  }
}

/** A working directory with the processes that run in it. */
export class RoostFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'roost-process-'));
  private readonly started: RoostProcess[] = [];

  constructor() {
    // As root, the database runs as another user, who has to be able to enter.
    chmodSync(this.path, 0o755);
  }

  start(env: Readonly<Record<string, string>> = {}, descriptors?: number): RoostProcess {
    const roost = new RoostProcess(this.path, env, descriptors);
    this.started.push(roost);
    return roost;
  }

  /** Of the embedded database; undefined when there is none, or it was stopped. */
  databasePid(): number | undefined {
    const file = join(this.path, '.data/postgres/postmaster.pid');
    return existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[0]) : undefined;
  }

  /** Ends whatever still runs. */
  async remove(): Promise<void> {
    for (const roost of this.started) {
      roost.kill('SIGKILL');
      await roost.exit();
    }
    const database = this.databasePid();
    if (database !== undefined) await eventually(() => !isAlive(database));
    rmSync(this.path, { recursive: true });
  }
}

/** Polls until a condition holds; the test's own timeout is the limit. */
export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** @returns the pids of a process' children */
export function childrenOf(pid: number): number[] {
  const { stdout } = spawnSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' });
  return stdout.split('\n').filter(Boolean).map(Number);
}
