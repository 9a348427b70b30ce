/** Tasks, private to their owner. */
import { Module } from '@nestjs/common';

import { IdempotencyModule } from '../idempotency/idempotency.module.js';
import { TasksController } from './tasks.controller.js';
import { TasksService } from './tasks.service.js';
import { ReplicasModule } from '../database/replicas/replicas.module.js';
import { CountedDaily } from '../common/registries/counted-daily.js';
import { EXPORT_BATCH, inBatches, PersonalDataRegistry } from '../common/personal-data.js';
import { presentTask } from './tasks.dto.js';
import { deleteTasks, selectTaskPage, type Task, taskKey } from './tasks.query.js';

const ALL = { completed: undefined, q: undefined, sort: 'created_at', limit: EXPORT_BATCH } as const;

@CountedDaily('tasks')
@Module({
  imports: [IdempotencyModule, ReplicasModule],
  controllers: [TasksController],
  providers: [TasksService],
})
export class TasksModule {
  constructor(personalData: PersonalDataRegistry) {
    personalData.add({
      name: 'tasks',
      exportRows: (manager, { userId }) =>
        inBatches(
          (last?: Task) => selectTaskPage(manager, { ...ALL, ownerId: userId, after: last && taskKey(ALL.sort, last) }),
          presentTask,
        ),
      eraseBatch: deleteTasks,
    });
  }
}
