import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';

import type { Principal } from '../common/access.js';
import { AppError } from '../common/errors.js';
import { Cursors, Page } from '../common/pagination.js';
import { violatedConstraint } from '../database/pg-errors.js';
import { CostlyReads } from '../limits/costly-reads.js';
import { Idempotency } from '../idempotency/idempotency.js';
import type { IdempotentRequest } from '../idempotency/idempotent-request.js';
import { presentTask, type TaskResponse } from './tasks.dto.js';
import { Reads } from '../database/replicas/reads.js';
import {
  deleteTask,
  insertTask,
  readsAll,
  selectTask,
  selectTaskPage,
  type Task,
  type TaskChanges,
  taskKey,
  type TaskSort,
  updateTask,
} from './tasks.query.js';

export interface TaskFilter {
  readonly completed: boolean | undefined;
  readonly q: string | undefined;
  readonly sort: TaskSort;
  readonly cursor: string | undefined;
  readonly limit: number;
}

/** Tasks are private to their owner, also from admins: `task_forbidden`. */
@Injectable()
export class TasksService {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    private readonly reads: Reads,
    private readonly costly: CostlyReads,
    private readonly cursors: Cursors,
    private readonly idempotency: Idempotency,
  ) {}

  async list(principal: Principal, { completed, q, sort, cursor, limit }: TaskFilter): Promise<Page<Task>> {
    const scope = `tasks ${sort} ${principal.userId}`;
    const after = cursor === undefined ? undefined : this.cursors.decode(scope, cursor);
    const read = (): Promise<Task[]> =>
      selectTaskPage(this.reads.for(principal, cursor), {
        ownerId: principal.userId,
        completed,
        q,
        sort,
        after,
        limit: limit + 1,
      });
    const rows = await (readsAll(q) ? this.costly.run(principal.userId, read) : read());
    return Page.cut(rows, limit, (last) => this.cursors.encode(scope, taskKey(sort, last)));
  }

  async create(
    { userId }: Principal,
    { title, description = null }: { title: string; description: string | null | undefined },
    request: IdempotentRequest,
  ): Promise<TaskResponse> {
    try {
      return await this.idempotency.statement(request, async (db) =>
        presentTask(await insertTask(db, { userId, title, description })),
      );
    } catch (error) {
      if (violatedConstraint(error) === 'tasks_user_id_fkey') throw new AppError('invalid_token', { cause: error });
      throw error;
    }
  }

  async get({ userId }: Principal, id: number): Promise<Task> {
    const task = await selectTask(this.database.manager, id);
    if (!task) throw new AppError('task_not_found');
    if (task.userId !== userId) throw new AppError('task_forbidden');
    return task;
  }

  async update(principal: Principal, id: number, changes: TaskChanges): Promise<Task> {
    const { userId } = principal;
    return (await updateTask(this.database.manager, { id, userId }, changes)) ?? this.get(principal, id);
  }

  async delete(principal: Principal, id: number): Promise<void> {
    if (await deleteTask(this.database.manager, { id, userId: principal.userId })) return;
    await this.get(principal, id);
    throw new AppError('task_not_found');
  }
}
