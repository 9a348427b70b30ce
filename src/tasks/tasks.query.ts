import type { EntityManager } from 'typeorm';

import type { CursorKey } from '../common/pagination.js';
import { escapeLike, spellingsOf } from '../common/text.js';
import { isoTimestamp } from '../common/timestamps.js';
import { affected, deleteBatch, join, one, raw, row, rows, type Sql, sql, utcText } from '../database/sql.js';

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

/** The concatenation matches `tasks_search_idx`; the single columns exclude matches across the two. */
const SEARCHED = [["(title || ' ' || coalesce(description, ''))"], ['title', 'description']];

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

export function selectTaskPage(
  manager: EntityManager,
  { ownerId, completed, q, sort, after, limit }: TaskPage,
): Promise<Task[]> {
  const { column, type, direction } = ORDERS[sort];
  const conditions = [sql`user_id = ${ownerId}`];
  if (completed !== undefined) conditions.push(sql`completed = ${completed}`);
  if (q !== undefined) conditions.push(...SEARCHED.map((texts) => isIn(texts, q)));
  if (after) {
    const [value, id] = after;
    const beyond = raw(`(${column}, id) ${direction === 'ASC' ? '>' : '<'}`);
    conditions.push(sql`${beyond} (${value}::${raw(type)}, ${id}::integer)`);
  }
  return rows(
    manager,
    sql`SELECT ${COLUMNS} FROM tasks WHERE ${join(conditions, ' AND ')}
         ORDER BY ${raw(`${column} ${direction}, id ${direction}`)} LIMIT ${limit}`,
  );
}

function isIn(texts: readonly string[], q: string): Sql {
  const patterns = Array.from(spellingsOf(q), (spelling) => `%${escapeLike(spelling)}%`);
  const matches = texts.flatMap((text) => patterns.map((pattern) => sql`${raw(text)} ILIKE ${pattern}`));
  return join(matches, ' OR ', '(', ')');
}
