/** One keyset page of a home timeline: posts of followed people without muted ones, and one's own. */
import { type Database, rows, sql, utcText } from '../../database/sql.js';
import type { ListedPost } from './posts.query.js';

export interface TimelinePage {
  readonly viewerId: string;
  readonly before: string | undefined;
  readonly limit: number;
}

export function selectTimelinePage(db: Database, { viewerId, before, limit }: TimelinePage): Promise<ListedPost[]> {
  return rows(
    db,
    sql`SELECT id::text, author_id AS "authorId", username, text, ${utcText('created_at')} AS "createdAt"
          FROM timeline_page(${viewerId}, ${before}, ${limit}, clock_timestamp())`,
  );
}
