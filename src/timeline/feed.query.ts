/** One keyset page of a home timeline: the newest posts of whom the viewer follows and has not muted, and their own. */
import type { EntityManager } from 'typeorm';

import { utcText } from '../common/timestamps.js';
import { isHiddenAt } from '../users/users.query.js';
import type { ListedPost } from './posts.query.js';

const NOW = `clock_timestamp() + $1 * interval '1 ms'`;

export interface TimelinePage {
  readonly viewerId: string;
  /** Id of the last post of the page before. */
  readonly before: string | undefined;
  readonly limit: number;
  readonly offsetMs: number;
}

export function selectTimelinePage(
  manager: EntityManager,
  { viewerId, before, limit, offsetMs }: TimelinePage,
): Promise<ListedPost[]> {
  return manager.query(
    `SELECT p.id::text, p.author_id AS "authorId", u.username, p.text, ${utcText('p.created_at')} AS "createdAt"
       FROM posts p JOIN users u ON u.id = p.author_id
      WHERE p.deleted_at IS NULL AND ($3::bigint IS NULL OR p.id < $3) AND NOT ${isHiddenAt('u', NOW)}
        AND (p.author_id = $2 OR p.author_id IN (
          SELECT followee_id FROM follows WHERE follower_id = $2
          EXCEPT SELECT muted_id FROM mutes WHERE user_id = $2))
      ORDER BY p.id DESC LIMIT $4`,
    [offsetMs, viewerId, before ?? null, limit],
  );
}
