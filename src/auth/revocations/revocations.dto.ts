/** The feed of revocations on the wire. */

import { CURSOR_MAX_LENGTH } from '../../common/pagination.js';
import { isoTimestamp } from '../../common/timestamps.js';
import { OptionalNotNull, Text } from '../../http/input/validation.js';
import { KEPT_MS, type ListedRevocation } from './revocations.query.js';
import { ApiCount, ApiTime, ApiUuid } from '../../http/openapi/fields.js';

export class ListRevocationsQuery {
  /** From the `Link` header of the page before; without it, everything that still matters. */
  @OptionalNotNull()
  @Text({ min: 1, max: CURSOR_MAX_LENGTH })
  after?: string;
}

/** Access tokens that have ended: those of a session, or those of a user that are older than `min_epoch`. */
export class RevocationResponse {
  /** Refuse tokens with this `sid`; null when it is about a user. */
  @ApiUuid({ nullable: true })
  session_id: string | null;
  /** Refuse tokens with this `sub` whose `epoch` is below `min_epoch`; null when it is about a session. */
  @ApiUuid({ nullable: true })
  user_id: string | null;
  @ApiCount({ nullable: true })
  min_epoch: number | null;
  @ApiTime()
  created_at: string;
  /** After it no token lives that this is about: forget it. */
  @ApiTime()
  expires_at: string;
}

export function presentRevocation(row: ListedRevocation): RevocationResponse {
  const createdAt = isoTimestamp(row.createdAt);
  return {
    session_id: row.sessionId,
    user_id: row.userId,
    min_epoch: row.minEpoch,
    created_at: createdAt,
    expires_at: isoTimestamp(new Date(Date.parse(createdAt) + KEPT_MS)),
  };
}
