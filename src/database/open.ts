import { join } from 'node:path';

import type { Config } from '../config/config.js';
import { forgetDriverVariables } from '../config/variables.js';
import { waitForDatabase } from './connect.js';
import { findEmbeddedPostgres, startEmbeddedPostgres } from './embedded/embedded.js';
import { lackingRights } from './schema/rights.js';

export interface OpenDatabase {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** The embedded one may be a running Roost's, or is started. @throws DatabaseStartError for the operator */
export async function openDatabase(config: Config, { migrates = true } = {}): Promise<OpenDatabase> {
  const { database } = config;
  const opened = await reachDatabase(config);
  try {
    await waitForDatabase({ name: 'DATABASE_URL', url: opened.url }, { patienceMs: database.waitMs });
    if (!migrates) return opened;
    const direct = {
      name: database.directUrl === undefined ? 'DATABASE_URL' : 'DATABASE_DIRECT_URL',
      url: database.directUrl ?? opened.url,
    };
    // Loads TypeORM, which takes longer than most commands take.
    const { migrate } = await import('./schema/migrate.js');
    await migrate(direct.url, { onFault: tell }).catch(async (error: unknown) => {
      throw (await lackingRights(error, direct)) ?? error;
    });
    return opened;
  } catch (error) {
    await opened.close();
    throw error;
  }
}

export async function reachDatabase({ database: { url, dataDir } }: Config): Promise<OpenDatabase> {
  return url === undefined ? openEmbedded(dataDir) : { url, close: nothing };
}

export function embeddedIn(dataDir: string): { dataDir: string; database: string } {
  return { dataDir: join(dataDir, 'postgres'), database: 'roost' };
}

async function openEmbedded(dir: string): Promise<OpenDatabase> {
  forgetDriverVariables();
  const options = embeddedIn(dir);
  const running = await findEmbeddedPostgres(options);
  if (running !== undefined) return { url: running, close: nothing };
  const embedded = await startEmbeddedPostgres(options);
  return { url: embedded.url, close: () => embedded.stop() };
}

function tell(event: string, error: unknown): void {
  process.stderr.write(`${event}: ${error instanceof Error ? error.message : String(error)}\n`);
}

function nothing(): Promise<void> {
  return Promise.resolve();
}
