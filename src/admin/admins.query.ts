import type { EntityManager } from 'typeorm';

import { rows, sql } from '../database/sql.js';
import { IS_ERASING, isDisabledAt } from '../users/users.query.js';

export interface ListedAdmin {
  readonly email: string;
  readonly username: string;
  readonly disabled: boolean;
  readonly deleting: boolean;
}

export function selectAdmins(manager: EntityManager): Promise<ListedAdmin[]> {
  return rows(
    manager,
    sql`SELECT email, username, ${isDisabledAt('statement_timestamp()')} AS disabled, u.deletion IS NOT NULL AS deleting
          FROM users u WHERE role = 'admin' AND NOT ${IS_ERASING}
         ORDER BY created_at, id`,
  );
}
