/** Who sees whom: a person `u` and a viewer $1. See ADR 19. */
import { isHiddenAt } from '../../users/users.query.js';
import { hasBlocked } from './follows.query.js';

export interface Viewing {
  readonly viewerId: string;
  /** Blocking does not hide anybody from moderation. */
  readonly isStaff: boolean;
}

export const IS_HIDDEN = isHiddenAt('u', 'statement_timestamp()');

export const HAS_BLOCKED_VIEWER = hasBlocked('u.id', '$1');
export const IS_BLOCKED = hasBlocked('$1', 'u.id');

/** Profiles: also people blocked by the viewer, so that the block can be undone. */
export function isFound({ isStaff }: Viewing): string {
  return isStaff ? `NOT ${IS_HIDDEN}` : `NOT (${IS_HIDDEN} OR ${HAS_BLOCKED_VIEWER})`;
}

export function isSeen(viewing: Viewing): string {
  return `${isFound(viewing)} AND NOT ${IS_BLOCKED}`;
}
