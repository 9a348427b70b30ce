/** Who sees whom: a person `u` and a viewer. See ADR 19. */
import { raw, type Sql, sql } from '../../database/sql.js';
import { isHiddenAt } from '../../users/users.query.js';

export interface Viewing {
  readonly viewerId: string;
  /** Blocking does not hide anybody from moderation. */
  readonly isStaff: boolean;
}

export const USERNAME = raw('lower(u.username COLLATE "C")');

export const IS_HIDDEN = isHiddenAt('statement_timestamp()');

export function hasBlockedViewer(viewerId: string): Sql {
  return sql`EXISTS (SELECT FROM blocks b WHERE b.blocker_id = u.id AND b.blocked_id = ${viewerId})`;
}

export function isBlocked(viewerId: string): Sql {
  return sql`EXISTS (SELECT FROM blocks b WHERE b.blocker_id = ${viewerId} AND b.blocked_id = u.id)`;
}

/** Profiles: also people blocked by the viewer, so that the block can be undone. */
export function isFound({ viewerId, isStaff }: Viewing): Sql {
  return isStaff ? sql`NOT ${IS_HIDDEN}` : sql`NOT (${IS_HIDDEN} OR ${hasBlockedViewer(viewerId)})`;
}

export function isSeen(viewing: Viewing): Sql {
  return sql`${isFound(viewing)} AND NOT ${isBlocked(viewing.viewerId)}`;
}
