import type { EntityManager } from 'typeorm';

import { run, sql } from '../database/sql.js';
import { updateUser, type UserChanges } from '../users/users.query.js';

export type StandingChange = Pick<UserChanges, 'role' | 'status' | 'disabledUntil' | 'disabledReason'>;

export async function changeStanding(tx: EntityManager, userId: string, change: StandingChange): Promise<number> {
  const { tokenEpoch } = await updateUser(tx, userId, { ...change, endAccessTokens: true });
  await run(tx, sql`INSERT INTO revocations (user_id, min_epoch) VALUES (${userId}, ${tokenEpoch})`);
  return tokenEpoch;
}
