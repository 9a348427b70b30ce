import type { EntityManager } from 'typeorm';

import { rows, run, sql } from '../database/sql.js';

const LOCK = 7_263_948_117;

export async function isThereAnAdmin(manager: EntityManager): Promise<boolean> {
  return (await rows(manager, sql`SELECT 1 FROM users WHERE role = 'admin' LIMIT 1`)).length === 1;
}

export async function lockFirstAdmin(tx: EntityManager): Promise<void> {
  await run(tx, sql`SELECT pg_advisory_xact_lock(${LOCK})`);
}
