/** Ends a silent connection of unbounded work, such as a migration or an index build. */
import pg from 'pg';

import { cut, hangUp } from './live-client.js';

export const LOOKOUT = { every: 10_000, connect: 5_000, answer: 10_000 };

export class Lookout {
  private timer: NodeJS.Timeout | undefined;
  private pid: number | undefined;
  private stopped = false;
  isLost = false;

  constructor(
    private readonly url: string,
    private readonly client: pg.Client,
  ) {
    this.lookLater();
  }

  /** @param pid of the server's process; a pooler keeps it for one transaction only */
  watch(pid: number): void {
    this.pid = pid;
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private lookLater(): void {
    this.timer = setTimeout(() => void this.look(), LOOKOUT.every).unref();
  }

  private async look(): Promise<void> {
    const isAtWork = this.pid !== undefined && (await isBusy(this.url, this.pid));
    if (this.stopped) return;
    this.isLost = !isAtWork;
    if (isAtWork) this.lookLater();
    else cut(this.client, new Error('Connection terminated: it was silent'));
  }
}

/** Asks over another connection. A server that refuses it counts as busy: it did answer. */
async function isBusy(url: string, pid: number): Promise<boolean> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'roost-lookout',
    connectionTimeoutMillis: LOOKOUT.connect,
    query_timeout: LOOKOUT.answer,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rowCount } = await client.query(
      `SELECT FROM pg_stat_activity
        WHERE pid = $1 AND (state NOT LIKE 'idle%' OR state_change > clock_timestamp() - $2 * interval '1 ms')`,
      [pid, LOOKOUT.every],
    );
    return rowCount === 1;
  } catch (error) {
    return error instanceof pg.DatabaseError;
  } finally {
    await hangUp(client);
  }
}
