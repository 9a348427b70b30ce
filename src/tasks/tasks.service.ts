import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';

import type { Principal } from '../common/access.js';
import { AppError } from '../common/errors.js';
import { Cursors, Page } from '../common/pagination.js';
import { violatedConstraint } from '../database/pg-errors.js';
import { Task } from './task.entity.js';
import { type ListedTask, selectTaskPage, taskKey, type TaskSort } from './tasks.query.js';

export interface TaskFilter {
  readonly completed: boolean | undefined;
  readonly q: string | undefined;
  readonly sort: TaskSort;
  readonly cursor: string | undefined;
  readonly limit: number;
}

export interface TaskChanges {
  readonly title?: string | undefined;
  readonly description?: string | null | undefined;
  readonly completed?: boolean | undefined;
}

/** Tasks are private to their owner, also from admins: `task_forbidden`. */
@Injectable()
export class TasksService {
  constructor(
    @InjectRepository(Task) private readonly tasks: Repository<Task>,
    private readonly cursors: Cursors,
  ) {}

  async list(principal: Principal, { completed, q, sort, cursor, limit }: TaskFilter): Promise<Page<ListedTask>> {
    const scope = `tasks ${sort} ${principal.userId}`;
    const after = cursor === undefined ? undefined : this.cursors.decode(scope, cursor);
    const rows = await selectTaskPage(this.tasks.manager, {
      ownerId: principal.userId,
      completed,
      q,
      sort,
      after,
      limit: limit + 1,
    });
    return Page.cut(rows, limit, (last) => this.cursors.encode(scope, taskKey(sort, last)));
  }

  async create(
    principal: Principal,
    { title, description = null }: { title: string; description: string | null | undefined },
  ): Promise<Task> {
    const task = this.tasks.create({ userId: principal.userId, title, description });
    try {
      await this.tasks.insert(task);
      return task;
    } catch (error) {
      if (violatedConstraint(error) === 'tasks_user_id_fkey') throw new AppError('invalid_token', { cause: error });
      throw error;
    }
  }

  async get(principal: Principal, id: number): Promise<Task> {
    const task = await this.tasks.findOneBy({ id });
    if (!task) throw new AppError('task_not_found');
    if (task.userId !== principal.userId) throw new AppError('task_forbidden');
    return task;
  }

  /** Writes given fields only, so that two tabs do not undo each other. @throws `task_not_found`, `task_forbidden` */
  async update(principal: Principal, id: number, changes: TaskChanges): Promise<Task> {
    const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
    if (Object.keys(given).length > 0) await this.tasks.update({ id, userId: principal.userId }, given);
    return this.get(principal, id);
  }

  async delete(principal: Principal, id: number): Promise<void> {
    const { affected } = await this.tasks.delete({ id, userId: principal.userId });
    if (affected === 1) return;
    await this.get(principal, id);
    throw new AppError('task_not_found');
  }
}
