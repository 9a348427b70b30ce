import { Body, Controller, Delete, Get, Param, Patch, Post, Put, Query, Res } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';

import { CurrentUser, type Principal, Scoped } from '../common/access.js';
import { IntegerIdPipe, MAX_INTEGER } from '../http/input/id.pipe.js';
import { MessageResponse } from '../http/openapi/message.dto.js';
import { Answers } from '../http/openapi/answers.js';
import { Idempotent, type IdempotentRequest } from '../idempotency/idempotent-request.js';
import {
  CompleteTaskRequest,
  CreateTaskRequest,
  ListTasksQuery,
  presentTask,
  TaskResponse,
  UpdateTaskRequest,
} from './tasks.dto.js';
import { TasksService } from './tasks.service.js';

const TaskId = (): ParameterDecorator => Param('task_id', new IntegerIdPipe('task_not_found'));
const TaskIdInPath = (): MethodDecorator =>
  ApiParam({ name: 'task_id', schema: { type: 'integer', minimum: 1, maximum: MAX_INTEGER } });

@ApiTags('Tasks')
@Controller('tasks')
@Scoped('tasks')
export class TasksController {
  constructor(private readonly tasks: TasksService) {}

  /** The caller's tasks in keyset pages; the next page is in the `Link` header. */
  @Get()
  @Answers({ status: 200, type: [TaskResponse], paged: true })
  async listTasks(
    @CurrentUser() principal: Principal,
    @Query() { completed, q, sort, cursor, limit }: ListTasksQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TaskResponse[]> {
    const page = await this.tasks.list(principal, { completed, q, sort, cursor, limit });
    return page.present(reply, presentTask);
  }

  /** Creates a task of the caller's. */
  @Post()
  @Answers({ status: 201, type: TaskResponse })
  async createTask(
    @CurrentUser() principal: Principal,
    @Body() { title, description }: CreateTaskRequest,
    @Idempotent() request: IdempotentRequest,
  ): Promise<TaskResponse> {
    return this.tasks.create(principal, { title, description }, request);
  }

  /** One of the caller's tasks. */
  @Get(':task_id')
  @TaskIdInPath()
  @Answers({ status: 200, type: TaskResponse, errors: ['task_forbidden', 'task_not_found'] })
  async getTask(@CurrentUser() principal: Principal, @TaskId() id: number): Promise<TaskResponse> {
    return presentTask(await this.tasks.get(principal, id));
  }

  /** Changes the fields that are given. */
  @Put(':task_id')
  @TaskIdInPath()
  @Answers({ status: 200, type: TaskResponse, errors: ['task_forbidden', 'task_not_found'] })
  async updateTask(
    @CurrentUser() principal: Principal,
    @TaskId() id: number,
    @Body() { title, description, completed }: UpdateTaskRequest,
  ): Promise<TaskResponse> {
    return presentTask(await this.tasks.update(principal, id, { title, description, completed }));
  }

  /** Deletes a task. */
  @Delete(':task_id')
  @TaskIdInPath()
  @Answers({ status: 200, type: MessageResponse, errors: ['task_forbidden', 'task_not_found'] })
  async deleteTask(@CurrentUser() principal: Principal, @TaskId() id: number): Promise<MessageResponse> {
    await this.tasks.delete(principal, id);
    return { message: 'Task deleted successfully' };
  }

  /** Marks a task as completed or open. */
  @Patch(':task_id/complete')
  @TaskIdInPath()
  @Answers({ status: 200, type: TaskResponse, errors: ['task_forbidden', 'task_not_found'] })
  async completeTask(
    @CurrentUser() principal: Principal,
    @TaskId() id: number,
    @Body() { completed }: CompleteTaskRequest,
  ): Promise<TaskResponse> {
    return presentTask(await this.tasks.update(principal, id, { title: undefined, description: undefined, completed }));
  }
}
