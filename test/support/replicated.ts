/** A PostgreSQL of a test's own with standbys that stream from it, all from the embedded programs. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import pg from 'pg';

import { locateBinaries } from '../../src/database/embedded/binaries.js';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/database/embedded/embedded.js';
import { choosePlace } from '../../src/database/embedded/place.js';
import { type Server, startServer } from '../../src/database/embedded/server.js';
import { migrate } from '../../src/database/schema/migrate.js';
import { execute, nameOf } from '../../src/testing/databases.js';
import { MOVED_DEFAULTS, searchTestClock, TEST_CLOCK } from '../../src/testing/databases.query.js';
import { childrenOf, eventually } from './process.js';

/** Nothing here has to survive a crash of the machine. A standby that is behind still finds what it has to stream. */
const FAST = { fsync: 'off', full_page_writes: 'off', max_connections: '100', wal_keep_size: '1GB' };
const SYSTEM_DIR = '/var/lib/roost';

/** What a standby streams from. */
interface Leader {
  readonly url: string;
  readonly superuserUrl: string;
}

export class Replicated {
  private constructor(
    private readonly folder: string,
    private readonly server: EmbeddedPostgres,
  ) {}

  readonly standbys: Standby[] = [];
  private readonly all: Standby[] = [];
  private made = 0;

  static async start(count: number): Promise<Replicated> {
    const folder = await mkdtemp(join(tmpdir(), 'roost-replicated-'));
    // As root, the servers run as another user, who has to be able to enter.
    await chmod(folder, 0o755);
    const server = await startEmbeddedPostgres({
      dataDir: join(folder, 'primary'),
      database: 'roost',
      settings: FAST,
    });
    await migrate(server.url);
    await execute(server.url, TEST_CLOCK, MOVED_DEFAULTS, searchTestClock(nameOf(server.url)));
    const replicated = new Replicated(folder, server);
    for (let number = 0; number < count; number += 1) replicated.standbys.push(await replicated.add());
    return replicated;
  }

  get url(): string {
    return this.server.url;
  }

  get superuserUrl(): string {
    return this.server.superuserUrl;
  }

  /** One that the test may ruin. */
  async add(): Promise<Standby> {
    const standby = await Standby.start(this.server, join(this.folder, `standby-${(this.made += 1)}`));
    this.all.push(standby);
    return standby;
  }

  /** In order: what it has written is at its standbys. */
  stopPrimary(): Promise<void> {
    return this.server.stop();
  }

  /** The primary that was stopped, as a standby of the one that was promoted. */
  async rejoin(leader: Standby): Promise<Standby> {
    const { dataDir } = this.server;
    writeSignal(dataDir);
    const standby = new Standby(leader, dataDir);
    this.all.push(standby);
    await standby.start();
    return standby;
  }

  /** Nobody but a superuser may notify. */
  async forbidNotifications(): Promise<void> {
    await execute(this.server.superuserUrl, 'REVOKE EXECUTE ON FUNCTION pg_notify FROM PUBLIC');
  }

  async allowNotifications(): Promise<void> {
    await execute(this.server.superuserUrl, 'GRANT EXECUTE ON FUNCTION pg_notify TO PUBLIC');
  }

  /** Everything that the primary has written is shown by all. */
  async caughtUp(...others: Standby[]): Promise<void> {
    const [row] = await queryOf<{ lsn: string }>(this.server.superuserUrl, 'SELECT pg_current_wal_insert_lsn() AS lsn');
    for (const standby of [...this.standbys, ...others]) await standby.shows(row?.lsn ?? '');
  }

  async stop(): Promise<void> {
    for (const standby of this.all) await standby.stop();
    await this.server.stop();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

export class Standby {
  private server: Server | undefined;

  constructor(
    private readonly primary: Leader,
    private readonly dataDir: string,
  ) {}

  static async start(primary: EmbeddedPostgres, dataDir: string): Promise<Standby> {
    const standby = new Standby(primary, dataDir);
    await copyOf(primary, dataDir);
    await standby.start();
    return standby;
  }

  get url(): string {
    return this.at(this.primary.url);
  }

  get superuserUrl(): string {
    return this.at(this.primary.superuserUrl);
  }

  async start(): Promise<void> {
    const place = await choosePlace(this.dataDir, SYSTEM_DIR);
    const { postgres } = await locateBinaries(place, SYSTEM_DIR);
    const { hostname, port, username, password } = new URL(this.primary.superuserUrl);
    this.server = await startServer({
      command: postgres,
      dataDir: place.dataDir,
      account: place.account,
      settings: {
        ...FAST,
        primary_conninfo: `host=${hostname} port=${port} user=${username} password=${decodeURIComponent(password)}`,
        wal_retrieve_retry_interval: '100ms',
      },
      signal: undefined,
      onLost: () => undefined,
    });
  }

  async stop(): Promise<void> {
    this.signal('SIGCONT');
    await this.server?.stop();
    this.server = undefined;
  }

  /** What is written from now on is not shown. */
  async pause(): Promise<void> {
    await this.query('SELECT pg_wal_replay_pause()');
    await eventually(async () => {
      const [row] = await this.query<{ state: string }>('SELECT pg_get_wal_replay_pause_state() AS state');
      return row?.state === 'paused';
    });
  }

  async resume(): Promise<void> {
    await this.query('SELECT pg_wal_replay_resume()');
  }

  async promote(): Promise<void> {
    await this.query('SELECT pg_promote()');
  }

  /** Connections stay, and nothing is answered. */
  freeze(): void {
    this.signal('SIGSTOP');
  }

  thaw(): void {
    this.signal('SIGCONT');
  }

  async shows(lsn: string): Promise<void> {
    await eventually(async () => {
      const [row] = await this.query<{ shown: boolean }>(`SELECT pg_last_wal_replay_lsn() >= '${lsn}' AS shown`);
      return row?.shown === true;
    });
  }

  private query<T>(text: string): Promise<T[]> {
    return queryOf<T>(this.superuserUrl, text);
  }

  private at(url: string): string {
    return Object.assign(new URL(url), { port: String(this.server?.port) }).href;
  }

  private signal(name: NodeJS.Signals): void {
    const file = join(this.dataDir, 'postmaster.pid');
    if (!existsSync(file)) return;
    const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
    for (const each of [pid, ...childrenOf(pid)]) signalIfThere(each, name);
  }
}

/** The process of a connection may have ended since it was looked up. */
function signalIfThere(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** A base backup, by copying. https://www.postgresql.org/docs/current/continuous-archiving.html */
async function copyOf({ superuserUrl, dataDir: from }: EmbeddedPostgres, dataDir: string): Promise<void> {
  const client = new pg.Client({ connectionString: superuserUrl });
  await client.connect();
  try {
    await client.query(`SELECT pg_backup_start('standby', true)`);
    execFileSync('cp', ['-a', from, dataDir]);
    for (const file of ['postmaster.pid', 'postmaster.opts']) rmSync(join(dataDir, file), { force: true });
    const { rows } = await client.query<{ labelfile: string }>('SELECT labelfile FROM pg_backup_stop(false)');
    writeFileSync(join(dataDir, 'backup_label'), rows[0]?.labelfile ?? '');
    execFileSync('chown', [`--reference=${join(dataDir, 'PG_VERSION')}`, join(dataDir, 'backup_label')]);
    writeSignal(dataDir);
  } finally {
    await client.end();
  }
}

function writeSignal(dataDir: string): void {
  const file = join(dataDir, 'standby.signal');
  writeFileSync(file, '');
  execFileSync('chown', [`--reference=${join(dataDir, 'PG_VERSION')}`, file]);
}

async function queryOf<T>(url: string, text: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows as T[];
  } finally {
    await client.end();
  }
}
