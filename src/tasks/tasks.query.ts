import type { EntityManager } from 'typeorm';

import type { CursorKey } from '../common/pagination.js';
import { escapeLike, spellingsOf } from '../common/text.js';
import { isoTimestamp, utcText } from '../common/timestamps.js';
import type { Task } from './task.entity.js';

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

export type ListedTask = Omit<Task, 'createdAt' | 'updatedAt'> & {
  readonly createdAt: string;
  readonly updatedAt: string;
};

interface Order {
  readonly column: 'created_at' | 'updated_at' | 'title';
  readonly type: 'timestamptz' | 'varchar';
  readonly direction: 'ASC' | 'DESC';
  readonly keyOf: (task: ListedTask) => CursorKey;
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

/** Must match `tasks_search_idx`. */
const SEARCHED = `(title || ' ' || coalesce(description, ''))`;

export function taskKey(sort: TaskSort, task: ListedTask): CursorKey {
  return ORDERS[sort].keyOf(task);
}

export async function deleteTasks(tx: EntityManager, ownerId: string, limit: number): Promise<number> {
  const [{ deleted }]: [{ deleted: number }] = await tx.query(
    `WITH gone AS (
       DELETE FROM tasks WHERE id IN (SELECT id FROM tasks WHERE user_id = $1 LIMIT $2) RETURNING 1
     ) SELECT count(*)::int AS deleted FROM gone`,
    [ownerId, limit],
  );
  return deleted;
}

/** Raw SQL: hydrating entities costs a fifth of the request. Column names come from the table above only. */
export function selectTaskPage(manager: EntityManager, page: TaskPage): Promise<ListedTask[]> {
  const { column, type, direction } = ORDERS[page.sort];
  const values: unknown[] = [page.ownerId];
  const bind = (value: unknown): string => `$${values.push(value)}`;
  const conditions = ['user_id = $1'];
  if (page.completed !== undefined) conditions.push(`completed = ${bind(page.completed)}`);
  if (page.q !== undefined) {
    const patterns = Array.from(spellingsOf(page.q), (spelling) => bind(`%${escapeLike(spelling)}%`));
    const isIn = (...texts: string[]): string =>
      `(${texts.flatMap((text) => patterns.map((pattern) => `${text} ILIKE ${pattern}`)).join(' OR ')})`;
    // The concatenation uses the index; the single columns exclude matches across the two.
    conditions.push(isIn(SEARCHED), isIn('title', 'description'));
  }
  if (page.after) {
    const [value, id] = page.after;
    conditions.push(
      `(${column}, id) ${direction === 'ASC' ? '>' : '<'} (${bind(value)}::${type}, ${bind(id)}::integer)`,
    );
  }
  return manager.query(
    `SELECT id, user_id AS "userId", title, description, completed,
            ${utcText('created_at')} AS "createdAt", ${utcText('updated_at')} AS "updatedAt"
       FROM tasks WHERE ${conditions.join(' AND ')}
      ORDER BY ${column} ${direction}, id ${direction} LIMIT ${bind(page.limit)}`,
    values,
  );
}
