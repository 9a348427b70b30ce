import type { EntityManager } from 'typeorm';

import type { CursorKey } from '../../common/pagination.js';
import { escapeLike } from '../../common/text.js';
import { isoTimestamp, utcText } from '../../common/timestamps.js';
import { HAS_BLOCKED_VIEWER, IS_BLOCKED, IS_HIDDEN, isFound, isSeen, type Viewing } from './viewing.query.js';

const USERNAME = 'lower(u.username COLLATE "C")';

export interface Profile {
  readonly id: string;
  readonly username: string;
  readonly displayName: string | null;
  readonly bio: string | null;
  readonly createdAt: string;
  readonly postsCount: number;
  readonly followersCount: number;
  readonly followingCount: number;
  readonly isFollowing: boolean;
  readonly isMuted: boolean;
  readonly isBlocked: boolean;
}

export async function selectProfile(
  manager: EntityManager,
  username: string,
  viewing: Viewing,
): Promise<Profile | undefined> {
  const rows: Profile[] = await manager.query(
    `SELECT u.id, u.username, u.display_name AS "displayName", u.bio, ${utcText('u.created_at')} AS "createdAt",
            s.posts_count AS "postsCount", s.followers_count AS "followersCount", s.following_count AS "followingCount",
            EXISTS (SELECT FROM follows WHERE follower_id = $1 AND followee_id = u.id) AS "isFollowing",
            EXISTS (SELECT FROM mutes WHERE user_id = $1 AND muted_id = u.id) AS "isMuted",
            ${IS_BLOCKED} AS "isBlocked"
       FROM users u JOIN user_stats s ON s.user_id = u.id
      WHERE ${USERNAME} = $2 AND ${isFound(viewing)}`,
    [viewing.viewerId, username.toLowerCase()],
  );
  return rows[0];
}

export interface Found {
  readonly id: string;
  readonly isHidden: boolean;
  readonly hasBlockedViewer: boolean;
  readonly isBlocked: boolean;
}

export async function findPerson(
  manager: EntityManager,
  username: string,
  { viewerId }: Viewing,
): Promise<Found | undefined> {
  const rows: Found[] = await manager.query(
    `SELECT u.id, ${IS_HIDDEN} AS "isHidden", ${HAS_BLOCKED_VIEWER} AS "hasBlockedViewer", ${IS_BLOCKED} AS "isBlocked"
       FROM users u WHERE ${USERNAME} = $2`,
    [viewerId, username.toLowerCase()],
  );
  return rows[0];
}

export interface ListedPerson {
  readonly id: string;
  readonly username: string;
  readonly displayName: string | null;
  readonly bio: string | null;
  readonly isFollowing: boolean;
  readonly since: string;
}

const IS_FOLLOWING = 'EXISTS (SELECT FROM follows f WHERE f.follower_id = $1 AND f.followee_id = u.id)';
const PERSON = `u.id, u.username, u.display_name AS "displayName", u.bio, ${IS_FOLLOWING} AS "isFollowing"`;

/** One's own lists show hidden people, so that they can be removed, but without their profile. */
const KEPT_PERSON = `u.id, u.username, CASE WHEN s.seen THEN u.display_name END AS "displayName",
            CASE WHEN s.seen THEN u.bio END AS bio, ${IS_FOLLOWING} AS "isFollowing"`;

const LISTS = {
  followers: { table: 'follows', of: 'followee_id', who: 'follower_id', shows: 'seen' },
  following: { table: 'follows', of: 'follower_id', who: 'followee_id', shows: 'seen' },
  mutes: { table: 'mutes', of: 'user_id', who: 'muted_id', shows: 'all' },
  blocks: { table: 'blocks', of: 'blocker_id', who: 'blocked_id', shows: 'all' },
} as const;

export type PeopleList = keyof typeof LISTS;

export function personKey({ since, id }: ListedPerson): CursorKey {
  return [isoTimestamp(since), id];
}

export function selectPeople(
  manager: EntityManager,
  list: PeopleList,
  page: Viewing & { ofId: string; after: CursorKey | undefined; limit: number },
): Promise<ListedPerson[]> {
  const { table, of, who, shows } = LISTS[list];
  const values: unknown[] = [page.viewerId, page.ofId, page.limit];
  const bind = (value: unknown): string => `$${values.push(value)}`;
  const conditions = [`l.${of} = $2`];
  if (shows === 'seen') conditions.push(isSeen(page));
  // No row comparison: the index has one column descending and one ascending.
  if (page.after) {
    const [since, id] = page.after.map(bind);
    conditions.push(`l.created_at <= ${since}::timestamptz`);
    conditions.push(`(l.created_at < ${since}::timestamptz OR l.${who} > ${id}::uuid)`);
  }
  return manager.query(
    `SELECT ${shows === 'seen' ? PERSON : KEPT_PERSON}, ${utcText('l.created_at')} AS since
       FROM ${table} l JOIN users u ON u.id = l.${who} CROSS JOIN LATERAL (SELECT ${isFound(page)} AS seen) s
      WHERE ${conditions.join(' AND ')} ORDER BY l.created_at DESC, l.${who} LIMIT $3`,
    values,
  );
}

export interface KeptPerson {
  readonly id: string;
  readonly username: string;
  readonly since: string;
}

export function selectPeopleBatch(
  manager: EntityManager,
  list: PeopleList,
  { ofId, after, limit }: { ofId: string; after: string | undefined; limit: number },
): Promise<KeptPerson[]> {
  const { table, of, who } = LISTS[list];
  return manager.query(
    // A join would read all accounts for each batch: LIMIT 1 keeps the planner to one look-up a row.
    `SELECT l.id, u.username, ${utcText('l.created_at')} AS since
       FROM (SELECT ${who} AS id, created_at FROM ${table}
              WHERE ${of} = $1 AND ($2::uuid IS NULL OR ${who} > $2) ORDER BY ${who} LIMIT $3) l
      CROSS JOIN LATERAL (SELECT username FROM users WHERE id = l.id LIMIT 1) u ORDER BY l.id`,
    [ofId, after ?? null, limit],
  );
}

/** Must match the trigram index. */
const SEARCHED = `(u.username || ' ' || coalesce(u.display_name, ''))`;

export function foundKey({ username }: ListedPerson): CursorKey {
  return [username.toLowerCase()];
}

/** Trigrams need three letters or digits in a row to find text inside of names. */
const FOUND_INSIDE = /[\p{L}\p{N}]{3}/u;

export function searchPeople(
  manager: EntityManager,
  q: string,
  page: Viewing & { after: CursorKey | undefined; limit: number },
): Promise<ListedPerson[]> {
  const values: unknown[] = [page.viewerId, page.limit];
  const bind = (value: unknown): string => `$${values.push(value)}`;
  // Folding text of accents alone leaves nothing, which would match everything.
  const conditions = [isSeen(page), `fold_text(${bind(q)}) <> ''`];
  if (!FOUND_INSIDE.test(q)) {
    const beginning = `fold_text(${bind(`${escapeLike(q)}%`)})`;
    conditions.push(`(${USERNAME} LIKE ${beginning} OR fold_text(u.display_name) LIKE ${beginning})`);
  } else {
    const inside = `fold_text(${bind(`%${escapeLike(q)}%`)})`;
    conditions.push(
      `fold_text(${SEARCHED}) LIKE ${inside}`,
      `(lower(u.username) LIKE ${inside} OR fold_text(u.display_name) LIKE ${inside})`,
    );
  }
  if (page.after) conditions.push(`${USERNAME} > ${bind(page.after[0])}`);
  return manager.query(
    `SELECT ${PERSON}, ${utcText('u.created_at')} AS since FROM users u
      WHERE ${conditions.join(' AND ')} ORDER BY ${USERNAME} LIMIT $2`,
    values,
  );
}
