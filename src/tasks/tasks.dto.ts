/** Tasks on the wire. */
import { ApiProperty } from '@nestjs/swagger';

import { CURSOR_MAX_LENGTH, PAGE_LIMIT } from '../common/pagination.js';
import { Exported } from '../common/personal-data.js';
import { isoTimestamp } from '../common/timestamps.js';
import { MAX_INTEGER } from '../http/input/id.pipe.js';
import {
  Flag,
  OneOf,
  OptionalNotNull,
  OptionalNullable,
  QueryFlag,
  QueryInteger,
  Text,
} from '../http/input/validation.js';
import { type Task, TASK_SORTS, type TaskSort } from './tasks.query.js';
import { ApiText, ApiTime, ApiUuid } from '../http/openapi/fields.js';

const TITLE = { min: 1, max: 200, blank: 'refused', documented: { examples: ['Note G'] } } as const;
const DESCRIPTION = { max: 1_000, documented: { nullable: true, examples: ['Bernoulli numbers'] } };

export class CreateTaskRequest {
  /** Not blank; lengths are counted in code points, and nothing is trimmed. */
  @Text(TITLE)
  title: string;

  @OptionalNullable()
  @Text(DESCRIPTION)
  description?: string | null;
}

/** What is left out stays as it is. */
export class UpdateTaskRequest {
  @OptionalNotNull()
  @Text(TITLE)
  title?: string;

  /** `null` clears it. */
  @OptionalNullable()
  @Text(DESCRIPTION)
  description?: string | null;

  @OptionalNotNull()
  @Flag()
  completed?: boolean;
}

export class CompleteTaskRequest {
  @Flag()
  completed: boolean;
}

export class ListTasksQuery {
  /** Only completed, or only open tasks. */
  @OptionalNotNull()
  @QueryFlag()
  completed?: boolean;

  /** Only tasks whose title or description contains this text, without regard to case. */
  @OptionalNotNull()
  @Text({ max: 200 })
  q?: string;

  /** `-` is descending; equal keys are ordered by id. */
  @OptionalNotNull()
  @OneOf(TASK_SORTS)
  sort: TaskSort = '-created_at';

  /** Rows a page. */
  @OptionalNotNull()
  @QueryInteger({ min: 1, max: PAGE_LIMIT.max, default: PAGE_LIMIT.default })
  limit: number = PAGE_LIMIT.default;

  /** From the `Link` header of the page before; holds for the same sort and the same caller. */
  @OptionalNotNull()
  @Text({ min: 1, max: CURSOR_MAX_LENGTH })
  cursor?: string;
}

@Exported('tasks')
export class TaskResponse {
  @ApiProperty({ type: 'integer', minimum: 1, maximum: MAX_INTEGER })
  id: number;
  /** The owner. */
  @ApiUuid()
  user_id: string;
  @ApiText(TITLE.max)
  title: string;
  @ApiText(DESCRIPTION.max, { nullable: true })
  description: string | null;
  completed: boolean;
  @ApiTime()
  created_at: string;
  @ApiTime()
  updated_at: string;
}

export function presentTask(task: Task): TaskResponse {
  return {
    id: task.id,
    user_id: task.userId,
    title: task.title,
    description: task.description,
    completed: task.completed,
    created_at: isoTimestamp(task.createdAt),
    updated_at: isoTimestamp(task.updatedAt),
  };
}
