import type { EntityManager } from 'typeorm';

import type { CursorKey } from '../../common/pagination.js';
import { escapeLike, HAS_TRIGRAM } from '../../common/text.js';
import { isoTimestamp } from '../../common/timestamps.js';
import { type Database, empty, join, raw, row, rows, type Sql, sql, utcText } from '../../database/sql.js';
import { hasBlockedViewer, IS_HIDDEN, isBlocked, isFound, isSeen, USERNAME, type Viewing } from './viewing.query.js';

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

const PROFILE = sql`u.id, u.username, u.display_name AS "displayName", u.bio, ${utcText('u.created_at')} AS "createdAt",
               s.posts_count AS "postsCount", s.followers_count AS "followersCount", s.following_count AS "followingCount"`;

export function selectProfile(db: Database, username: string, viewing: Viewing): Promise<Profile | undefined> {
  const { viewerId } = viewing;
  return row(
    db,
    sql`SELECT ${PROFILE}, ${isFollowing(viewerId)} AS "isFollowing",
               EXISTS (SELECT FROM mutes WHERE user_id = ${viewerId} AND muted_id = u.id) AS "isMuted",
               ${isBlocked(viewerId)} AS "isBlocked"
          FROM users u JOIN user_stats s ON s.user_id = u.id
         WHERE ${USERNAME} = ${username.toLowerCase()} AND ${isFound(viewing)}`,
  );
}

function isFollowing(viewerId: string): Sql {
  return sql`EXISTS (SELECT FROM follows f WHERE f.follower_id = ${viewerId} AND f.followee_id = u.id)`;
}

export interface Found {
  readonly id: string;
  readonly isHidden: boolean;
  readonly hasBlockedViewer: boolean;
  readonly isBlocked: boolean;
}

export function findPerson(db: Database, username: string, { viewerId }: Viewing): Promise<Found | undefined> {
  return row(
    db,
    sql`SELECT u.id, ${IS_HIDDEN} AS "isHidden", ${hasBlockedViewer(viewerId)} AS "hasBlockedViewer",
               ${isBlocked(viewerId)} AS "isBlocked"
          FROM users u WHERE ${USERNAME} = ${username.toLowerCase()}`,
  );
}

export interface ListedPerson {
  readonly id: string;
  readonly username: string;
  readonly displayName: string | null;
  readonly bio: string | null;
  readonly isFollowing: boolean;
  readonly since: string;
}

const PERSON = raw('u.id, u.username, u.display_name AS "displayName", u.bio');

/** One's own lists show hidden people, so that they can be removed, but without their profile. */
const KEPT_PERSON = raw(`u.id, u.username, CASE WHEN s.seen THEN u.display_name END AS "displayName",
               CASE WHEN s.seen THEN u.bio END AS bio`);

const LISTS = {
  followers: { ...edges('follows', 'followee_id', 'follower_id'), shows: 'seen' },
  following: { ...edges('follows', 'follower_id', 'followee_id'), shows: 'seen' },
  mutes: { ...edges('mutes', 'user_id', 'muted_id'), shows: 'all' },
  blocks: { ...edges('blocks', 'blocker_id', 'blocked_id'), shows: 'all' },
} as const;

function edges(table: string, of: string, who: string): Record<'table' | 'of' | 'who', Sql> {
  return { table: raw(table), of: raw(of), who: raw(who) };
}

export type PeopleList = keyof typeof LISTS;

export function personKey({ since, id }: ListedPerson): CursorKey {
  return [isoTimestamp(since), id];
}

export function selectPeople(
  db: Database,
  list: PeopleList,
  page: Viewing & { ofId: string; after: CursorKey | undefined; limit: number },
): Promise<ListedPerson[]> {
  const { table, of, who, shows } = LISTS[list];
  const conditions = [sql`l.${of} = ${page.ofId}`];
  if (shows === 'seen') conditions.push(isSeen(page));
  // No row comparison: the index has one column descending and one ascending.
  if (page.after) {
    const [since, id] = page.after;
    conditions.push(sql`l.created_at <= ${since}::timestamptz`);
    conditions.push(sql`(l.created_at < ${since}::timestamptz OR l.${who} > ${id}::uuid)`);
  }
  return rows(
    db,
    sql`SELECT ${shows === 'seen' ? PERSON : KEPT_PERSON}, ${isFollowing(page.viewerId)} AS "isFollowing", ${utcText('l.created_at')} AS since
          FROM ${table} l JOIN users u ON u.id = l.${who} CROSS JOIN LATERAL (SELECT ${isFound(page)} AS seen) s
         WHERE ${join(conditions, ' AND ')} ORDER BY l.created_at DESC, l.${who} LIMIT ${page.limit}`,
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
  const beyond = after === undefined ? empty : sql`AND ${who} > ${after}`;
  return rows(
    manager,
    // A join would read all accounts for each batch: LIMIT 1 keeps the planner to one look-up a row.
    sql`SELECT l.id, u.username, ${utcText('l.created_at')} AS since
          FROM (SELECT ${who} AS id, created_at FROM ${table} WHERE ${of} = ${ofId} ${beyond} ORDER BY ${who} LIMIT ${limit}) l
         CROSS JOIN LATERAL (SELECT username FROM users WHERE id = l.id LIMIT 1) u ORDER BY l.id`,
  );
}

const SEARCHED = raw(`fold_text(u.username || ' ' || coalesce(u.display_name, ''))`);

export function foundKey({ username }: ListedPerson): CursorKey {
  return [username.toLowerCase()];
}

export const NEAR_PEOPLE = { rows: 3_000 };

type Search = Viewing & { readonly after: CursorKey | undefined; readonly limit: number };

/** In two steps: the planner cannot know which is short. */
export async function searchPeople(db: Database, typed: string, page: Search): Promise<ListedPerson[]> {
  const q = typed.normalize('NFC');
  const near = sql`SELECT * FROM (${people(beyond(page))} LIMIT ${NEAR_PEOPLE.rows}) u WHERE ${has(q)}`;
  const found = await rows<ListedPerson>(db, cut(page, near));
  if (found.length === page.limit) return found;
  return rows(db, cut(page, HAS_TRIGRAM.test(q) ? inside(q, page) : atBeginning(q, page)));
}

function cut(page: Search, source: Sql): Sql {
  return sql`SELECT ${PERSON}, ${isFollowing(page.viewerId)} AS "isFollowing", ${utcText('u.created_at')} AS since
               FROM (${source}) u WHERE ${isSeen(page)} ORDER BY ${USERNAME} LIMIT ${page.limit}`;
}

function people(conditions: readonly Sql[]): Sql {
  return sql`SELECT * FROM users u WHERE ${join([sql`true`, ...conditions], ' AND ')} ORDER BY ${USERNAME}`;
}

function beyond({ after }: Search): Sql[] {
  return after ? [sql`${USERNAME} > ${after[0]}`] : [];
}

/** Folding text of accents alone leaves nothing, which would match everything. */
function has(q: string): Sql {
  const pattern = patternOf(q);
  const name = HAS_TRIGRAM.test(q) ? raw('lower(u.username)') : USERNAME;
  return sql`fold_text(${q}) <> '' AND (${name} LIKE ${pattern} OR fold_text(u.display_name) LIKE ${pattern})`;
}

function patternOf(q: string): Sql {
  return sql`fold_text(${`${HAS_TRIGRAM.test(q) ? '%' : ''}${escapeLike(q)}%`})`;
}

function inside(q: string, page: Search): Sql {
  return sql`SELECT * FROM (${people([sql`${SEARCHED} LIKE ${patternOf(q)}`, ...beyond(page)])} OFFSET 0) u WHERE ${has(q)}`;
}

/** Usernames that begin so are in order already; those of names are sorted. */
function atBeginning(q: string, page: Search): Sql {
  const beginning = patternOf(q);
  const named = people([sql`${USERNAME} LIKE ${beginning}`, isSeen(page), ...beyond(page)]);
  const others = [sql`fold_text(u.display_name) LIKE ${beginning}`, sql`${USERNAME} NOT LIKE ${beginning}`];
  return sql`SELECT * FROM ((${named} LIMIT ${page.limit}) UNION ALL (${people([...others, ...beyond(page)])} OFFSET 0)) u
              WHERE fold_text(${q}) <> ''`;
}
