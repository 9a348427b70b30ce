import type { EntityManager } from 'typeorm';

import { isDisabledAt } from '../users/users.query.js';

const NOW = `clock_timestamp() + $1 * interval '1 ms'`;

export interface ListedAdmin {
  readonly email: string;
  readonly username: string;
  readonly disabled: boolean;
}

/** The oldest first. */
export function selectAdmins(manager: EntityManager, offsetMs: number): Promise<ListedAdmin[]> {
  return manager.query(
    `SELECT email, username, ${isDisabledAt('u', NOW)} AS disabled FROM users u WHERE role = 'admin'
      ORDER BY created_at, id`,
    [offsetMs],
  );
}
