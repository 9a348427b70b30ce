import type { EntityManager } from 'typeorm';

import type { CursorKey } from '../common/pagination.js';
import { escapeLike, HAS_TRIGRAM, spellingsOf } from '../common/text.js';
import { isoTimestamp } from '../common/timestamps.js';
import {
  affected,
  type Database,
  deleteBatch,
  join,
  one,
  raw,
  row,
  rows,
  type Sql,
  sql,
  utcText,
} from '../database/sql.js';

export const TASK_SORTS = ['-created_at', 'created_at', '-updated_at', 'title'] as const;
export type TaskSort = (typeof TASK_SORTS)[number];

export interface TaskPage {
  readonly ownerId: string;
  readonly completed: boolean | undefined;
  readonly q: string | undefined;
  readonly sort: TaskSort;
  readonly after: CursorKey | undefined;
  readonly limit: number;
}

export interface Task {
  readonly id: number;
  readonly userId: string;
  readonly title: string;
  readonly description: string | null;
  readonly completed: boolean;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export type NewTask = Pick<Task, 'userId' | 'title' | 'description'>;

export interface TaskChanges {
  readonly title: string | undefined;
  readonly description: string | null | undefined;
  readonly completed: boolean | undefined;
}

interface Order {
  readonly column: 'created_at' | 'updated_at' | 'title';
  readonly type: 'timestamptz' | 'varchar';
  readonly direction: 'ASC' | 'DESC';
  readonly keyOf: (task: Task) => CursorKey;
}

const ORDERS: Record<TaskSort, Order> = {
  '-created_at': {
    column: 'created_at',
    type: 'timestamptz',
    direction: 'DESC',
    keyOf: (task) => [isoTimestamp(task.createdAt), task.id],
  },
  created_at: {
    column: 'created_at',
    type: 'timestamptz',
    direction: 'ASC',
    keyOf: (task) => [isoTimestamp(task.createdAt), task.id],
  },
  '-updated_at': {
    column: 'updated_at',
    type: 'timestamptz',
    direction: 'DESC',
    keyOf: (task) => [isoTimestamp(task.updatedAt), task.id],
  },
  title: { column: 'title', type: 'varchar', direction: 'ASC', keyOf: (task) => [task.title, task.id] },
};

export const NEAR = { rows: 5_000 };

/** Must match the indexes. */
const SEARCHED = raw("(title || ' ' || coalesce(description, ''))");

const COLUMNS = sql`id, user_id AS "userId", title, description, completed,
               ${utcText('created_at')} AS "createdAt", ${utcText('updated_at')} AS "updatedAt"`;

export function taskKey(sort: TaskSort, task: Task): CursorKey {
  return ORDERS[sort].keyOf(task);
}

export function insertTask(manager: EntityManager, { userId, title, description }: NewTask): Promise<Task> {
  return one(
    manager,
    sql`INSERT INTO tasks (user_id, title, description) VALUES (${userId}, ${title}, ${description}) RETURNING ${COLUMNS}`,
  );
}

export function selectTask(manager: EntityManager, id: number): Promise<Task | undefined> {
  return row(manager, sql`SELECT ${COLUMNS} FROM tasks WHERE id = ${id}`);
}

/** Writes given fields only, so that two tabs do not undo each other. @returns undefined without such a task or a field */
export async function updateTask(
  manager: EntityManager,
  { id, userId }: Pick<Task, 'id' | 'userId'>,
  changes: TaskChanges,
): Promise<Task | undefined> {
  const given = Object.entries(changes).filter(([, value]) => value !== undefined);
  if (given.length === 0) return undefined;
  const set = join(given.map(([column, value]) => sql`${raw(column)} = ${value}`));
  return row(manager, sql`UPDATE tasks SET ${set} WHERE id = ${id} AND user_id = ${userId} RETURNING ${COLUMNS}`);
}

export async function deleteTask(
  manager: EntityManager,
  { id, userId }: Pick<Task, 'id' | 'userId'>,
): Promise<boolean> {
  return (await affected(manager, sql`DELETE FROM tasks WHERE id = ${id} AND user_id = ${userId}`)) === 1;
}

export function deleteTasks(tx: EntityManager, ownerId: string, limit: number): Promise<number> {
  return deleteBatch(tx, { table: 'tasks', where: sql`user_id = ${ownerId}` }, limit);
}

/** No index has texts without three letters in a row. */
export function readsAll(q: string | undefined): boolean {
  return q !== undefined && !Array.from(spellingsOf(q)).every((spelling) => HAS_TRIGRAM.test(spelling));
}

/** A search looks at the first rows of the order, and then at all by an index: the planner cannot know which is short. */
export async function selectTaskPage(db: Database, page: TaskPage): Promise<Task[]> {
  if (page.q === undefined) return rows(db, cut(page, sql`tasks WHERE ${join(listed(page), ' AND ')}`));
  if (readsAll(page.q))
    return rows(db, cut(page, sql`tasks WHERE ${join([...listed(page), contains(page.q)], ' AND ')}`));
  const near = sql`(SELECT * FROM tasks WHERE ${join(inOrder(page), ' AND ')} ${orderOf(page)} LIMIT ${NEAR.rows}) t`;
  const found = await rows<Task>(db, cut(page, sql`${near} WHERE ${join(matching(page, page.q), ' AND ')}`));
  if (found.length === page.limit) return found;
  const indexed = sql`(SELECT * FROM tasks WHERE ${join([...listed(page), isIndexed(page.q)], ' AND ')} ${orderOf(page)} OFFSET 0) t`;
  return rows(db, cut(page, sql`${indexed} WHERE ${contains(page.q)}`));
}

function cut(page: TaskPage, source: Sql): Sql {
  return sql`SELECT ${COLUMNS} FROM ${source} ${orderOf(page)} LIMIT ${page.limit}`;
}

function orderOf({ sort }: TaskPage): Sql {
  const { column, direction } = ORDERS[sort];
  return raw(`ORDER BY ${column} ${direction}, id ${direction}`);
}

function listed(page: TaskPage): Sql[] {
  return [...inOrder(page), ...standing(page)];
}

function inOrder({ ownerId, sort, after }: TaskPage): Sql[] {
  const owned = sql`user_id = ${ownerId}`;
  if (!after) return [owned];
  const { column, type, direction } = ORDERS[sort];
  const beyond = raw(`(${column}, id) ${direction === 'ASC' ? '>' : '<'}`);
  return [owned, sql`${beyond} (${after[0]}::${raw(type)}, ${after[1]}::integer)`];
}

function standing({ completed }: TaskPage): Sql[] {
  return completed === undefined ? [] : [sql`completed = ${completed}`];
}

function matching(page: TaskPage, q: string): Sql[] {
  return [...standing(page), contains(q)];
}

function contains(q: string): Sql {
  return anyOf(q, containsAsIs);
}

function containsAsIs(spelling: string): Sql {
  const pattern = `%${escapeLike(spelling)}%`;
  return sql`title ILIKE ${pattern} OR description ILIKE ${pattern}`;
}

function isIndexed(q: string): Sql {
  return anyOf(q, (spelling) => sql`${SEARCHED} ILIKE ${`%${escapeLike(spelling)}%`}`);
}

function anyOf(q: string, condition: (spelling: string) => Sql): Sql {
  return join(Array.from(spellingsOf(q), condition), ' OR ', '(', ')');
}
