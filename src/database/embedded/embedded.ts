/** A real PostgreSQL of Roost's own, for when there is no DATABASE_URL: nothing to install, gone when Roost is gone. */
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
  /** The cluster's folder. Its lock, password and log are beside it. */
  dataDir: string;
  /** Created when there is none of this name. */
  database: string;
  /** Settings of postgresql.conf on top of Roost's own. */
  settings?: Record<string, string>;
  /** As root only: what the account of PostgreSQL cannot reach goes here. Default: /var/lib/roost. */
  systemDir?: string;
  /** When it aborts, a start under way stops what it has started and fails. */
  signal?: AbortSignal;
  /** Called once when the server has ended although nobody stopped it. */
  onLost?: (error: EmbeddedPostgresError) => void;
}

export interface EmbeddedPostgres {
  /** Of a role that owns the database and nothing else, with its password. The port changes with each start. */
  url: string;
  /** For tests, which make databases and roles of their own. */
  superuserUrl: string;
  /** Where the cluster really is. */
  dataDir: string;
  /** Whether this start has made it. */
  isNew: boolean;
  /** Sentences for the person who starts Roost. */
  notices: string[];
  /** Ends every session and returns when the server has gone; a second call waits for the first. */
  stop(): Promise<void>;
}

/**
 * Starts the cluster in `dataDir`, making it first when there is none.
 * @throws EmbeddedPostgresError with what to do about it
 */
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
    const { password, isNew } = await prepareCluster(place, binaries, signal);
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

/**
 * The URL of the cluster in `dataDir` while another process of Roost runs it.
 * @returns undefined when nobody does
 */
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
