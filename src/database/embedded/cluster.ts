import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chown, mkdtemp, open, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';

import { type Binaries, POSTGRES_ENV } from './binaries.js';
import { EmbeddedPostgresError } from './error.js';
import { type Account, type Place, isCluster } from './place.js';
import { SUPERUSER } from './roles.js';

const run = promisify(execFile);

/** Hold the cluster's lock. @throws EmbeddedPostgresError for foreign files, another version or a lost password */
export async function prepareCluster(
  place: Place,
  binaries: Binaries,
  how: { signal: AbortSignal | undefined; survivesCrashes: boolean },
): Promise<{ password: string; isNew: boolean }> {
  if (await isCluster(place.dataDir)) {
    await requireMajor(place.dataDir, binaries.major);
    return { password: await readPassword(place.dataDir), isNew: false };
  }
  await requireEmpty(place.dataDir);
  const passwordFile = passwordFileOf(place.dataDir);
  const password = randomBytes(24).toString('base64url');
  await rm(passwordFile, { force: true });
  await writeFile(passwordFile, password, { mode: 0o600, flag: 'wx', flush: true });
  await makeCluster(place, password, (where) => runInitdb(binaries.initdb, where, { ...how, account: place.account }));
  return { password, isNew: true };
}

function passwordFileOf(dataDir: string): string {
  return `${dataDir}.password`;
}

async function requireMajor(dataDir: string, major: string): Promise<void> {
  const found = (await readFile(join(dataDir, 'PG_VERSION'), 'utf8')).trim();
  if (found === major) return;
  throw new EmbeddedPostgresError(
    `The database in ${dataDir} was made by PostgreSQL ${found}, and this Roost brings PostgreSQL ${major}. Dump it by npm run db:backup with the Roost that made it, or set DATA_DIR to another folder to begin anew, or set DATABASE_URL.`,
  );
}

export async function readPassword(dataDir: string): Promise<string> {
  const passwordFile = passwordFileOf(dataDir);
  try {
    return await readFile(passwordFile, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new EmbeddedPostgresError(
      `The database's password, ${passwordFile}, is missing. Restore the file, or set DATA_DIR to another folder to begin anew.`,
    );
  }
}

async function requireEmpty(dataDir: string): Promise<void> {
  if (!existsSync(dataDir) || (await readdir(dataDir)).length === 0) return;
  throw new EmbeddedPostgresError(
    `${dataDir} is not empty, and not a PostgreSQL database either. Set DATA_DIR to another folder, or set DATABASE_URL.`,
  );
}

/** A rename completes the cluster: whenever Roost is killed, a named cluster is whole. */
async function makeCluster(
  { dataDir, account }: Place,
  password: string,
  make: (where: string[]) => Promise<void>,
): Promise<void> {
  await removeLeftovers(dataDir);
  const workshop = await mkdtemp(`${dataDir}.new-`);
  const cluster = join(workshop, 'cluster');
  const passwordCopy = join(workshop, 'password');
  try {
    await writeFile(passwordCopy, password, { mode: 0o600 });
    await giveTo(account, [workshop, passwordCopy]);
    await make([`--pgdata=${cluster}`, `--pwfile=${passwordCopy}`]);
    await rename(cluster, dataDir);
    await syncFolder(dirname(dataDir));
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
}

async function removeLeftovers(dataDir: string): Promise<void> {
  const parent = dirname(dataDir);
  for (const name of await readdir(parent)) {
    // An initdb that outlived its Roost may still be writing there.
    const again = { maxRetries: 10, retryDelay: 100 };
    if (name.startsWith(`${basename(dataDir)}.new-`)) await rm(join(parent, name), { recursive: true, ...again });
  }
}

async function giveTo({ uid, gid }: Account, paths: string[]): Promise<void> {
  if (uid === undefined || gid === undefined) return;
  for (const path of paths) await chown(path, uid, gid);
}

/** C.UTF-8 of the builtin provider sorts and folds alike on every system, and survives system upgrades. */
async function runInitdb(
  initdb: string,
  where: string[],
  { account, signal, survivesCrashes }: { account: Account; signal: AbortSignal | undefined; survivesCrashes: boolean },
): Promise<void> {
  const locale = ['--encoding=UTF8', '--no-locale', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const args = [...where, `--username=${SUPERUSER}`, '--auth=scram-sha-256', ...locale];
  if (!survivesCrashes) args.push('--no-sync');
  const make = async (more: string[]): Promise<void> => {
    const making = run(initdb, [...args, ...more], { ...account, env: POSTGRES_ENV, cwd: dirname(initdb) });
    const breakOff = (): void => void making.child.kill();
    signal?.addEventListener('abort', breakOff);
    await making.finally(() => signal?.removeEventListener('abort', breakOff));
  };
  try {
    // Trigrams ask the system's locale what a letter is, and not every system has C.UTF-8.
    await make(['--lc-ctype=C.UTF-8']).catch(async (error: unknown) => {
      if (!String((error as { stderr?: unknown }).stderr).includes('invalid locale')) throw error;
      await make([]);
    });
  } catch (error) {
    signal?.throwIfAborted();
    const { message, stderr = '' } = error as { message: string; stderr?: string };
    throw new EmbeddedPostgresError(whyInitdbFailed(stderr.trim() === '' ? message : stderr.trim()));
  }
}

function whyInitdbFailed(said: string): string {
  if (said.includes('could not look up effective user ID'))
    return `The user id ${process.getuid?.() ?? ''} that runs Roost has no account on this system, and PostgreSQL needs one to make a database. Give it one in /etc/passwd, run Roost as a user that has one, or set DATABASE_URL.`;
  const remedy = REMEDIES.find(([pattern]) => pattern.test(said))?.[1] ?? 'Fix this error and start again';
  return `The database could not be made: ${said}\n${remedy}, or set DATABASE_URL.`;
}

const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [/No space left|Disk quota/i, 'Free some disk space and start again'],
  [/Permission denied|not permitted|Read-only/i, "Correct the folder's permissions and start again"],
];

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
