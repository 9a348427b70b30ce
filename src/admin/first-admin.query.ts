import type { EntityManager } from 'typeorm';

const LOCK = 7_263_948_117;

export async function isThereAnAdmin(manager: EntityManager): Promise<boolean> {
  const rows: unknown[] = await manager.query(`SELECT 1 FROM users WHERE role = 'admin' LIMIT 1`);
  return rows.length === 1;
}

export async function lockFirstAdmin(tx: EntityManager): Promise<void> {
  await tx.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
}
