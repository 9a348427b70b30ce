/** Tasks, private to their owner. */
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';

import { Task } from './task.entity.js';
import { TasksController } from './tasks.controller.js';
import { TasksService } from './tasks.service.js';
import { EXPORT_BATCH, inBatches, PersonalDataRegistry } from '../common/personal-data.js';
import { presentTask } from './tasks.dto.js';
import { deleteTasks, type ListedTask, selectTaskPage, taskKey } from './tasks.query.js';

const ALL = { completed: undefined, q: undefined, sort: 'created_at', limit: EXPORT_BATCH } as const;

@Module({
  imports: [TypeOrmModule.forFeature([Task])],
  controllers: [TasksController],
  providers: [TasksService],
})
export class TasksModule {
  constructor(personalData: PersonalDataRegistry) {
    personalData.add({
      name: 'tasks',
      exportRows: (manager, { userId }) =>
        inBatches(
          (last?: ListedTask) =>
            selectTaskPage(manager, { ...ALL, ownerId: userId, after: last && taskKey(ALL.sort, last) }),
          presentTask,
        ),
      eraseBatch: deleteTasks,
    });
  }
}
