/** Roost's own PostgreSQL for when DATABASE_URL is unset: nothing to install, stopped with Roost. */
import { locateBinaries } from './binaries.js';
import { prepareCluster, readPassword } from './cluster.js';
import { EmbeddedPostgresError } from './error.js';
import { lockCluster } from './lock.js';
import { choosePlace } from './place.js';
import { prepareRoles, SUPERUSER, urlOf } from './roles.js';
import { findPostmaster, type Server, startServer } from './server.js';

export { EmbeddedPostgresError };

const SYSTEM_DIR = '/var/lib/roost';

export interface EmbeddedPostgresOptions {
  dataDir: string;
  database: string;
  settings?: Record<string, string>;
  /** For root only, where PostgreSQL's account cannot reach `dataDir`. Default: /var/lib/roost. */
  systemDir?: string;
  signal?: AbortSignal;
  onLost?: (error: EmbeddedPostgresError) => void;
}

export interface EmbeddedPostgres {
  url: string;
  superuserUrl: string;
  dataDir: string;
  isNew: boolean;
  notices: string[];
  stop(): Promise<void>;
}

export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  try {
    return await start(options);
  } catch (error) {
    throw explain(error, options.dataDir);
  }
}

async function start(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  if (process.platform === 'win32') {
    throw new EmbeddedPostgresError('The embedded PostgreSQL does not run on Windows: set DATABASE_URL, or use WSL.');
  }
  const { systemDir = SYSTEM_DIR, settings = {}, onLost = () => undefined, signal } = options;
  const place = await choosePlace(options.dataDir, systemDir);
  const { dataDir, account, notices } = place;
  const unlock = await lockCluster(dataDir);
  let server: Server | undefined;
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopped ??= (server?.stop() ?? Promise.resolve()).then(unlock));
  try {
    signal?.throwIfAborted();
    const binaries = await locateBinaries(place, systemDir);
    signal?.throwIfAborted();
    const { password, isNew } = await prepareCluster(place, binaries, {
      signal,
      survivesCrashes: settings.fsync !== 'off',
    });
    server = await startServer({ command: binaries.postgres, dataDir, account, settings, onLost, signal });
    const cluster = { port: server.port, password };
    await prepareRoles(cluster, options.database);
    const url = urlOf(cluster, options.database);
    const superuserUrl = urlOf(cluster, options.database, SUPERUSER);
    signal?.throwIfAborted();
    return { url, superuserUrl, dataDir, isNew, notices, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

export async function findEmbeddedPostgres({
  dataDir,
  database,
  systemDir = SYSTEM_DIR,
}: EmbeddedPostgresOptions): Promise<string | undefined> {
  const place = await choosePlace(dataDir, systemDir);
  const postmaster = await findPostmaster(place.dataDir);
  if (postmaster?.status !== 'ready') return undefined;
  return urlOf({ password: await readPassword(place.dataDir), port: postmaster.port }, database);
}

const FOLDER_FAULTS = ['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT', 'ENOTDIR', 'EBUSY'];

function explain(error: unknown, dataDir: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (!FOLDER_FAULTS.includes(code ?? '')) return error;
  return new EmbeddedPostgresError(
    `Roost cannot keep its database in ${dataDir} (${message}). Make the folder writable for the user that runs Roost, free some disk space, or set DATA_DIR to another folder, or set DATABASE_URL.`,
    { cause: error },
  );
}
