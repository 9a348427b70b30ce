/** Brings the schema up to date: the only way it changes. Any number of instances may do so at once. */
import { DataSource } from 'typeorm';

import { keepAuditPartitions } from './audit-partitions.js';
import { Initial1763683200000 } from './migrations/1763683200000-initial.js';
import { CleanupIndex1763690000000 } from './migrations/1763690000000-cleanup-index.js';
import { LoginGuard1763712000000 } from './migrations/1763712000000-login-guard.js';
import { RevocationOrder1763769600000 } from './migrations/1763769600000-revocation-order.js';
import { Mails1763780000000 } from './migrations/1763780000000-mails.js';
import { AccountTokens1763781000000 } from './migrations/1763781000000-account-tokens.js';
import { Audit1763790000000 } from './migrations/1763790000000-audit.js';
import { Bans1763790100000 } from './migrations/1763790100000-bans.js';
import { AdminSearch1763790200000 } from './migrations/1763790200000-admin-search.js';
import { Decoys1763790300000 } from './migrations/1763790300000-decoys.js';
import { ChangeOfAddress1763790400000 } from './migrations/1763790400000-change-of-address.js';
import { ToldPauses1763790410000 } from './migrations/1763790410000-told-pauses.js';
import { AccountDeletion1763790500000 } from './migrations/1763790500000-account-deletion.js';
import { Timeline1763790600000 } from './migrations/1763790600000-timeline.js';
import { DailyCounts1763790700000 } from './migrations/1763790700000-daily-counts.js';
import { AddressStanding1763800010000 } from './migrations/1763800010000-address-standing.js';

export const MIGRATIONS = [
  Initial1763683200000,
  CleanupIndex1763690000000,
  LoginGuard1763712000000,
  RevocationOrder1763769600000,
  Mails1763780000000,
  AccountTokens1763781000000,
  Audit1763790000000,
  Bans1763790100000,
  AdminSearch1763790200000,
  Decoys1763790300000,
  ChangeOfAddress1763790400000,
  ToldPauses1763790410000,
  AccountDeletion1763790500000,
  Timeline1763790600000,
  DailyCounts1763790700000,
  AddressStanding1763800010000,
];

/** One arbitrary number for all instances of Roost. */
const LOCK = 7_263_948_115;

/**
 * @param url a direct connection: an advisory lock does not hold behind a transaction pooler
 * @returns the names of the migrations that were run
 */
export async function migrate(url: string): Promise<string[]> {
  const source = new DataSource({
    type: 'postgres',
    url,
    migrations: MIGRATIONS,
    installExtensions: false,
    applicationName: 'roost-migrate',
    extra: { max: 2 },
  });
  await source.initialize();
  const lock = source.createQueryRunner();
  try {
    await lock.query('SELECT pg_advisory_lock($1)', [LOCK]);
    const done = await source.runMigrations({ transaction: 'each' });
    await keepAuditPartitions(url, { offsetMs: 0 });
    return done.map(({ name }) => name);
  } finally {
    // Ending the connection frees the lock.
    await lock.release();
    await source.destroy();
  }
}
