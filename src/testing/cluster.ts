/** One PostgreSQL server for all workers of a test run, with a migrated database that each Roost clones. */
import { rmSync } from 'node:fs';
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startEmbeddedPostgres } from '../database/embedded/embedded.js';
import { execute, nextDatabaseName, drop, urlOf } from './databases.js';
import { createDatabase, MOVED_DEFAULTS, TEST_CLOCK } from './databases.query.js';

export interface Cluster {
  readonly adminUrl: string;
  readonly template: string;
  readonly stop: () => Promise<void>;
}

type Server = Omit<Cluster, 'template'>;

const VARIABLE = 'ROOST_TEST_CLUSTER';

const FAST = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '200' };

/** For the parent of all workers, which find it by the environment. @param url of a superuser, instead of an embedded server */
export async function startCluster({ url }: { readonly url?: string | undefined } = {}): Promise<Cluster> {
  const { stop, ...cluster } = await (url === undefined ? startOwn() : withTemplate(serverAt(url)));
  process.env[VARIABLE] = JSON.stringify(cluster);
  return {
    ...cluster,
    stop: async () => {
      Reflect.deleteProperty(process.env, VARIABLE);
      await stop();
    },
  };
}

let own: Promise<Cluster> | undefined;
let users = 0;

/** The parent's cluster, or one of this process, which its last user ends. */
export async function joinCluster(): Promise<Cluster> {
  const given = process.env[VARIABLE];
  if (given !== undefined) return { ...(JSON.parse(given) as Cluster), stop: () => Promise.resolve() };
  users += 1;
  own ??= startOwn();
  try {
    return { ...(await own), stop: leave };
  } catch (error) {
    await leave().catch(() => undefined);
    throw error;
  }
}

async function leave(): Promise<void> {
  users -= 1;
  if (users > 0) return;
  const ended = own;
  own = undefined;
  await (await ended)?.stop();
}

async function startOwn(): Promise<Cluster> {
  const [server] = await Promise.all([startEmbedded(), loadMigrations()]);
  return withTemplate(server);
}

function loadMigrations(): Promise<typeof import('../database/schema/migrate.js')> {
  return import('../database/schema/migrate.js');
}

async function startEmbedded(): Promise<Server> {
  const folder = await mkdtemp(join(tmpdir(), 'roost-test-'));
  const remove = (): void => {
    process.off('exit', remove);
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  };
  // A process that fails ends its server, too, which may still be writing then.
  process.on('exit', remove);
  try {
    // As root, the server runs as another user, who has to be able to enter.
    await chmod(folder, 0o755);
    const dataDir = join(folder, 'postgres');
    const server = await startEmbeddedPostgres({ dataDir, database: 'roost', settings: FAST });
    return { adminUrl: server.superuserUrl, stop: () => server.stop().finally(remove) };
  } catch (error) {
    remove();
    throw error;
  }
}

function serverAt(adminUrl: string): Server {
  return { adminUrl, stop: () => Promise.resolve() };
}

async function withTemplate({ adminUrl, stop }: Server): Promise<Cluster> {
  const template = nextDatabaseName().replace('test', 'template');
  const end = (): Promise<void> => drop(adminUrl, template).finally(stop);
  const { migrate } = await loadMigrations();
  await execute(adminUrl, createDatabase(template, 'template1')).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  try {
    await migrate(urlOf(adminUrl, template));
    await execute(urlOf(adminUrl, template), TEST_CLOCK, MOVED_DEFAULTS);
    return { adminUrl, template, stop: end };
  } catch (error) {
    await end();
    throw error;
  }
}
