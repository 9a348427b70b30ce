/** A clock that tests move, and with it the database's. The product knows nothing of it. */
import type pg from 'pg';
import type { DataSource } from 'typeorm';

import { Clock } from '../common/clock.js';
import { setOffset } from './databases.query.js';
import type { Duration } from './kit.js';

const MOST_MS = 1_000 * 365 * 86_400_000;
const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export class TestClock extends Clock {
  offsetMs = 0;
  private forgottenMs = 0;

  override systemMs(): number {
    return super.systemMs() + this.offsetMs;
  }

  override elapsedMs(): number {
    return super.elapsedMs() + this.forgottenMs + this.offsetMs;
  }

  advance(duration: Duration): void {
    const [, count = '', unit = ''] = /^(\d{1,9})([smhd])$/.exec(duration) ?? [];
    if (unit === '') throw new RangeError(`"${duration}" is not a duration such as 31s, 2h or 30d`);
    const next = this.offsetMs + Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS];
    if (next > MOST_MS) throw new RangeError(`"${duration}" is further than a thousand years`);
    this.offsetMs = next;
  }

  reset(): void {
    this.forgottenMs += this.offsetMs;
    this.offsetMs = 0;
  }
}

/** From now on, an application's connections have the time of its clock. A transaction keeps the time it began with. */
export function moveWithClock(database: DataSource, clock: TestClock): void {
  const told = new WeakMap<pg.PoolClient, number>();
  const pool = (database.driver as unknown as { readonly master: pg.Pool }).master;
  pool.on('acquire', (client) => {
    const { offsetMs } = clock;
    if (told.get(client) === offsetMs) return;
    told.set(client, offsetMs);
    // Queries of a connection are sent in their order. A connection that has ended fails at the next one, too.
    client.query(setOffset(offsetMs).text).catch(() => undefined);
  });
}
