/** Rows of `posts` and `revocations` keep their transaction's number. After a restore into another server, higher
 * numbers would look new to every reader, again and again; this renumbers them. */
import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type pg from 'pg';
import type { Logger } from 'pino';
import { DataSource } from 'typeorm';

import { LOGGER } from '../common/logger.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { Client } from './connections/client.js';
import { hangUp } from './connections/hang-up.js';
import { raw, sql } from './sql.js';

const BATCH = 10_000;
const TIMEOUTS = { connect: 5_000, answer: 60_000 };

const NUMBERED = { posts: 'bigint', revocations: 'xid8' } as const;
type Numbered = keyof typeof NUMBERED;
const OLDEST = '1';

@Injectable()
export class TransactionIds {
  private running: Promise<void> | undefined;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
    @InjectDataSource() private readonly database: DataSource,
  ) {}

  makeOld(): Promise<void> {
    this.running ??= this.run().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  private async run(): Promise<void> {
    const rows = await makeForeignRowsOld(
      this.config.database.directUrl ?? (this.database.options as { url: string }).url,
    );
    this.logger.warn(
      { event: 'restored_rows', rows },
      'rows with transaction numbers of another server, as after a restored dump, were renumbered',
    );
  }
}

/** Idempotent and safe on any number of instances. @param url a direct connection */
export async function makeForeignRowsOld(url: string): Promise<number> {
  const client = new Client({
    connectionString: url,
    application_name: 'roost-restored',
    connectionTimeoutMillis: TIMEOUTS.connect,
    query_timeout: TIMEOUTS.answer,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    let changed = 0;
    for (const table of Object.keys(NUMBERED) as Numbered[]) changed += await makeOld(client, table);
    return changed;
  } finally {
    await hangUp(client);
  }
}

/** Above the oldest transaction under way, a row is foreign unless the transaction that it names wrote its version.
 * Batches take numbers themselves, so the bound is read once. */
async function makeOld(client: pg.Client, table: Numbered): Promise<number> {
  const [name, type] = [raw(table), raw(NUMBERED[table])];
  const above = sql`pg_snapshot_xmax(pg_current_snapshot())::text::${type}`;
  const bounds = await client.query<{ from: string }>(
    sql`SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS from
         WHERE (SELECT tx FROM ${name} ORDER BY tx DESC LIMIT 1) >= ${above}`,
  );
  const from = bounds.rows[0]?.from;
  let changed = 0;
  for (let last = from === undefined ? 0 : BATCH; last === BATCH; changed += last) {
    const { rowCount } = await client.query(
      sql`UPDATE ${name} SET tx = ${OLDEST} WHERE id IN (
            SELECT id FROM ${name}
             WHERE tx >= ${from}::${type} AND (tx >= ${above} OR xmin::text::bigint <> tx::text::bigint % 4294967296)
             LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)`,
    );
    last = rowCount ?? 0;
  }
  return changed;
}
