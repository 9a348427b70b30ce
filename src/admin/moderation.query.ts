import type { EntityManager } from 'typeorm';

import { User } from '../users/user.entity.js';

export type StandingChange = Partial<Pick<User, 'role' | 'status' | 'disabledUntil' | 'disabledReason'>>;

export async function changeStanding(tx: EntityManager, userId: string, change: StandingChange): Promise<number> {
  await tx.update(User, { id: userId }, { ...change, tokenEpoch: () => 'token_epoch + 1' });
  const rows: [{ epoch: number }] = await tx.query(
    `INSERT INTO revocations (user_id, min_epoch) SELECT id, token_epoch FROM users WHERE id = $1 RETURNING min_epoch AS epoch`,
    [userId],
  );
  return rows[0].epoch;
}
