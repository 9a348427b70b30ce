import type { EntityManager } from 'typeorm';

import { isDisabledAt, isErasing } from '../users/users.query.js';

export interface ListedAdmin {
  readonly email: string;
  readonly username: string;
  readonly disabled: boolean;
  readonly deleting: boolean;
}

export function selectAdmins(manager: EntityManager): Promise<ListedAdmin[]> {
  return manager.query(
    `SELECT email, username, ${isDisabledAt('u', 'statement_timestamp()')} AS disabled, u.deletion IS NOT NULL AS deleting
       FROM users u WHERE role = 'admin' AND NOT ${isErasing('u')}
      ORDER BY created_at, id`,
  );
}
