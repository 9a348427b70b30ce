import type { EntityManager } from 'typeorm';

import { one, sql } from '../database/sql.js';
import { User } from '../users/user.entity.js';

export type StandingChange = Partial<Pick<User, 'role' | 'status' | 'disabledUntil' | 'disabledReason'>>;

export async function changeStanding(tx: EntityManager, userId: string, change: StandingChange): Promise<number> {
  await tx.update(User, { id: userId }, { ...change, tokenEpoch: () => 'token_epoch + 1' });
  const { epoch } = await one<{ epoch: number }>(
    tx,
    sql`INSERT INTO revocations (user_id, min_epoch) SELECT id, token_epoch FROM users WHERE id = ${userId}
        RETURNING min_epoch AS epoch`,
  );
  return epoch;
}
