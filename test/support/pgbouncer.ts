/** A PgBouncer of the test's own, in transaction mode, before a database of the test server. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { freePort } from './ports.js';

/** Debian has it where only root looks for programs. */
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };

export const HAS_PGBOUNCER = spawnSync('pgbouncer', ['--version'], { env }).status === 0;

export class PgBouncer {
  private readonly folder = mkdtempSync(join(tmpdir(), 'roost-pgbouncer-'));
  private child: ChildProcess;
  private readonly target: URL;
  private port: number;

  private constructor(databaseUrl: string) {
    this.target = new URL(databaseUrl);
  }

  static async before(databaseUrl: string): Promise<PgBouncer> {
    const pooler = new PgBouncer(databaseUrl);
    pooler.port = await freePort();
    await pooler.start();
    return pooler;
  }

  /** The database, by way of this pooler. */
  get url(): string {
    const url = new URL(this.target);
    url.host = `127.0.0.1:${this.port}`;
    return url.href;
  }

  async stop(): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async start(): Promise<void> {
    const { hostname, port, username, password } = this.target;
    const secret = password === '' ? '' : ` password=${decodeURIComponent(password)}`;
    const file = join(this.folder, 'pgbouncer.ini');
    writeFileSync(
      file,
      `[databases]
* = host=${hostname} port=${port || 5432} user=${username}${secret}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${this.port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 3
ignore_startup_parameters = extra_float_digits
`,
    );
    chmodSync(this.folder, 0o755);
    // It does not run as root.
    const account = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
    this.child = spawn('pgbouncer', [...account, file], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    await new Promise<void>((resolve, reject) => {
      // Read to its end: PgBouncer would end, too, when nobody takes what it says.
      this.child.stderr?.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        if (said.includes('process up')) resolve();
      });
      this.child.on('exit', () => {
        reject(new Error(`PgBouncer ended: ${said}`));
      });
    });
  }
}
