/** Who sees whom: of a person `u`, and a viewer $2, at the database's time moved by $1 milliseconds. See ADR 19. */
import { isHiddenAt } from '../../users/users.query.js';
import { hasBlocked } from './follows.query.js';
import { NOW } from '../../database/sql.js';

export interface Viewing {
  readonly viewerId: string;
  /** Moderators and admins see also those who have blocked them: nobody hides from moderation so. */
  readonly isStaff: boolean;
  readonly offsetMs: number;
}

/** Disabled, or about to be deleted. */
export const IS_HIDDEN = isHiddenAt('u', NOW);

export const HAS_BLOCKED_VIEWER = hasBlocked('u.id', '$2');
export const IS_BLOCKED = hasBlocked('$2', 'u.id');

/** Whom a profile shows: also somebody whom the viewer has blocked, to undo it. */
export function isFound({ isStaff }: Viewing): string {
  return isStaff ? `NOT ${IS_HIDDEN}` : `NOT (${IS_HIDDEN} OR ${HAS_BLOCKED_VIEWER})`;
}

/** Whose posts and followers are shown, and who is in lists. */
export function isSeen(viewing: Viewing): string {
  return `${isFound(viewing)} AND NOT ${IS_BLOCKED}`;
}
