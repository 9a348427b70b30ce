/** The database of a start: it is waited for, or the embedded one is started, and migrated. */
import type { Logger } from 'pino';

import type { Config } from './config/config.js';
import { forgetDriverVariables } from './config/variables.js';
import { type DatabaseTarget, waitForDatabase } from './database/connect.js';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './database/embedded/embedded.js';
import { embeddedIn } from './database/open.js';
import type { Finding } from './database/schema/requirements.js';
import { lackingRights, requireRights } from './database/schema/rights.js';

type Targets = readonly [DatabaseTarget, ...DatabaseTarget[]];

export interface StartOptions {
  readonly signal: AbortSignal;
  readonly port: () => number | undefined;
  readonly onLost: () => void;
}

export class StartDatabase {
  embedded: EmbeddedPostgres | undefined;
  private starting: Promise<EmbeddedPostgres> | undefined;

  constructor(
    private readonly config: Config,
    private readonly logger: Logger,
  ) {}

  async open(options: StartOptions): Promise<string> {
    const { database } = this.config;
    const url = database.url ?? (await this.startEmbedded(options));
    const targets: [DatabaseTarget, ...DatabaseTarget[]] = [{ name: 'DATABASE_URL', url }];
    if (database.directUrl !== undefined) targets.push({ name: 'DATABASE_DIRECT_URL', url: database.directUrl });
    for (const target of targets) {
      const findings = await waitForDatabase(target, {
        patienceMs: database.waitMs,
        connections: database.directUrl === undefined ? connectionsOf(this.config) : undefined,
        signal: options.signal,
        onWait: (reason, secondsLeft) => {
          const facts = { reason, seconds_left: secondsLeft, port: options.port() };
          this.logger.warn(facts, `waiting for the database in ${target.name}`);
        },
      });
      if (this.config.nodeEnv === 'production') this.warnOf(target, findings);
    }
    await this.migrate(targets);
    return url;
  }

  async close(): Promise<void> {
    await this.starting?.catch(() => undefined);
    await this.embedded?.stop();
  }

  private warnOf({ name }: DatabaseTarget, findings: readonly Finding[]): void {
    for (const { name: setting, found, verdict, advice } of findings)
      if (verdict === 'warning' && WARNED.has(setting))
        this.logger.warn({ event: 'database_unfit', setting, found }, `${name}: ${advice}`);
  }

  /** Migrates over the last target, the direct one where there are two. The first must have the rights to serve. */
  private async migrate(targets: Targets): Promise<void> {
    const direct = targets[1] ?? targets[0];
    try {
      const { migrate } = await import('./database/schema/migrate.js');
      const migrations = await migrate(direct.url, {
        onWait: () => {
          const reason = 'waiting: another instance is migrating the database, or a session holds a lock on a table';
          this.logger.info({ event: 'migration_waits' }, reason);
        },
        onFault: (event, error) => {
          this.logger.warn({ event, err: error }, 'failed at start: will be retried');
        },
      });
      if (migrations.length > 0) this.logger.info({ migrations }, 'the schema was migrated');
    } catch (error) {
      throw (await lackingRights(error, direct)) ?? error;
    }
    await requireRights(targets[0]);
  }

  private async startEmbedded({ signal, onLost }: StartOptions): Promise<string> {
    forgetDriverVariables();
    this.starting = startEmbeddedPostgres({
      ...embeddedIn(this.config.database.dataDir),
      settings: { max_connections: String(connectionsFor(this.config)) },
      signal,
      onLost: (error) => {
        this.logger.fatal(error.message);
        onLost();
      },
    });
    this.embedded = await this.starting;
    return this.embedded.url;
  }
}

const WARNED = new Set(['fsync', 'full_page_writes', 'synchronous_commit', 'connections']);

const USUAL_CONNECTIONS = 100;
const MORE_CONNECTIONS = 2;

function connectionsFor(config: Config): number {
  return Math.max(USUAL_CONNECTIONS, connectionsOf(config) + 10);
}

export function connectionsOf({ workers, database }: Config): number {
  return workers * (poolShare(database.poolMax, workers) + MORE_CONNECTIONS);
}

const LEAST_SHARE = 4;

/** Workers divide the connections; with fewer than four a worker could not serve. */
export function poolShare(poolMax: number, workers: number): number {
  return workers === 1 ? poolMax : Math.max(LEAST_SHARE, Math.floor(poolMax / workers));
}
