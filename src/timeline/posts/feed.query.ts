/** One keyset page of a home timeline: the newest posts of whom the viewer follows and has not muted, and their own. */
import type { EntityManager } from 'typeorm';

import { utcText } from '../../common/timestamps.js';
import type { ListedPost } from './posts.query.js';

export interface TimelinePage {
  readonly viewerId: string;
  /** Id of the last post of the page before. */
  readonly before: string | undefined;
  readonly limit: number;
  readonly offsetMs: number;
}

/** The search is the function `timeline_page` of the timeline's migration. */
export function selectTimelinePage(
  manager: EntityManager,
  { viewerId, before, limit, offsetMs }: TimelinePage,
): Promise<ListedPost[]> {
  return manager.query(
    `SELECT id::text, author_id AS "authorId", username, text, ${utcText('created_at')} AS "createdAt"
       FROM timeline_page($1, $2, $3, clock_timestamp() + $4 * interval '1 ms')`,
    [viewerId, before ?? null, limit, offsetMs],
  );
}
