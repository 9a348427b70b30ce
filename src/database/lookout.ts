/** Ends a silent connection of unbounded work, such as a migration or an index build. */
import pg from 'pg';

import { Client } from './connections/client.js';
import { cut, hangUp, socketOf } from './connections/hang-up.js';
import { sql } from './sql.js';

/** Milliseconds, but for the number of looks: a pooler may keep the first statement waiting. */
export const LOOKOUT = { every: 10_000, connect: 5_000, answer: 10_000, looksForPid: 6 };

export class Lookout {
  private timer: NodeJS.Timeout | undefined;
  private pid: number | undefined;
  private looks = 0;
  private bytesRead = 0;
  private stopped = false;
  isLost = false;

  constructor(private readonly client: Client) {
    this.lookLater();
  }

  async watchAnswering(): Promise<void> {
    const { rows } = await this.client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    this.watch((rows as [{ pid: number }])[0].pid);
  }

  /** @param pid of the server's process; behind a pooler it is another one soon, so nothing is watched */
  watch(pid: number): void {
    if (pid === (this.client as unknown as { processID: number | null }).processID) this.pid = pid;
    else this.stop();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private lookLater(): void {
    this.timer = setTimeout(() => void this.look(), LOOKOUT.every).unref();
  }

  private async look(): Promise<void> {
    this.looks += 1;
    const isAtWork = this.isBeingRead() || (await this.isServerAtWork());
    if (this.stopped) return;
    this.isLost = !isAtWork;
    if (isAtWork) this.lookLater();
    else cut(this.client, new Error('Connection terminated: it was silent'));
  }

  /** What a server sent before it was done may be read for long, as by a backup to a slow disk. */
  private isBeingRead(): boolean {
    const socket = socketOf(this.client);
    const before = this.bytesRead;
    this.bytesRead = socket.bytesRead;
    return socket.isPaused() || socket.bytesRead !== before;
  }

  private async isServerAtWork(): Promise<boolean> {
    return this.pid === undefined ? this.looks < LOOKOUT.looksForPid : isBusy(this.client.url, this.pid);
  }
}

/** Asks over another connection. A server that refuses it counts as busy: it did answer. */
async function isBusy(url: string, pid: number): Promise<boolean> {
  const client = new Client({
    connectionString: url,
    application_name: 'roost-lookout',
    connectionTimeoutMillis: LOOKOUT.connect,
    query_timeout: LOOKOUT.answer,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rowCount } = await client.query(
      sql`SELECT FROM pg_stat_activity
           WHERE pid = ${pid} AND (state NOT LIKE 'idle%' OR state_change > clock_timestamp() - ${LOOKOUT.every} * interval '1 ms')`,
    );
    return rowCount === 1;
  } catch (error) {
    return error instanceof pg.DatabaseError;
  } finally {
    await hangUp(client);
  }
}
