/** Chooses the embedded cluster's folder and account: PostgreSQL refuses to run as root. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';

import { makeFolder } from '../../common/files/folders.js';
import { EmbeddedPostgresError } from './error.js';

const run = promisify(execFile);

const ACCOUNT_NAME = 'postgres';

export interface Account {
  uid?: number;
  gid?: number;
}

export interface Place {
  dataDir: string;
  account: Account;
  notices: string[];
}

/** Root runs PostgreSQL as the folder's owner, else as `postgres`; in `systemDir` if that cannot enter `wanted`. */
export async function choosePlace(wanted: string, systemDir: string): Promise<Place> {
  const dataDir = await resolveFolder(wanted);
  if (process.getuid?.() !== 0) return { dataDir, account: {}, notices: [] };

  const notices: string[] = [];
  const account = (await ownerOfCluster(dataDir)) ?? (await findAccount()) ?? (await createAccount(notices));
  const elsewhere = join(systemDir, createHash('sha256').update(dataDir).digest('hex').slice(0, 16), basename(dataDir));
  if (await staysAt(dataDir, elsewhere, account)) return { dataDir, account, notices };

  await makeEnterable(systemDir);
  await makeEnterable(dirname(elsewhere));
  notices.push(`The user "${ACCOUNT_NAME}" cannot enter ${dirname(dataDir)}: the database is in ${elsewhere}.`);
  return { dataDir: elsewhere, account, notices };
}

export async function isCluster(dataDir: string): Promise<boolean> {
  return (await statOf(join(dataDir, 'PG_VERSION'))) !== undefined;
}

async function resolveFolder(wanted: string): Promise<string> {
  if (await statOf(wanted)) return realpath(wanted);
  makeFolder(dirname(wanted));
  return join(await realpath(dirname(wanted)), basename(wanted));
}

/** An existing cluster is never replaced by an empty one, even when its parents' modes have changed. */
async function staysAt(dataDir: string, elsewhere: string, account: Account): Promise<boolean> {
  if (await isCluster(dataDir)) return true;
  return !(await isCluster(elsewhere)) && (await canEnter(dirname(dataDir), account));
}

async function ownerOfCluster(dataDir: string): Promise<Account | undefined> {
  const owner = await statOf(join(dataDir, 'PG_VERSION'));
  return owner && owner.uid !== 0 ? { uid: owner.uid, gid: owner.gid } : undefined;
}

async function findAccount(): Promise<Account | undefined> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', ACCOUNT_NAME]), run('id', ['-g', ACCOUNT_NAME])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch (error) {
    if ((error as { code?: unknown }).code === 1) return undefined;
    throw error;
  }
}

async function createAccount(notices: string[]): Promise<Account> {
  try {
    await run('groupadd', ['--system', '--force', ACCOUNT_NAME]);
    await run('useradd', [
      '--system',
      '--gid',
      ACCOUNT_NAME,
      '--no-create-home',
      '--shell',
      '/bin/false',
      ACCOUNT_NAME,
    ]);
  } catch (error) {
    throw new EmbeddedPostgresError(
      `PostgreSQL refuses to run as root, and the user "${ACCOUNT_NAME}" could not be created (${(error as Error).message.trim()}). Create it, start Roost as an ordinary user, or set DATABASE_URL.`,
    );
  }
  const account = await findAccount();
  if (!account) throw new EmbeddedPostgresError(`The user "${ACCOUNT_NAME}" was created, but cannot be found.`);
  notices.push(`The system user "${ACCOUNT_NAME}" was created: PostgreSQL refuses to run as root.`);
  return account;
}

/** Asks the kernel, since groups, ACLs and mount options count, too. */
async function canEnter(folder: string, account: Account): Promise<boolean> {
  try {
    await run('test', ['-x', folder], account);
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === 1) return false;
    throw error;
  }
}

async function makeEnterable(folder: string): Promise<void> {
  if (makeFolder(folder)) await chmod(folder, 0o755);
}

async function statOf(path: string): Promise<{ uid: number; gid: number } | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
