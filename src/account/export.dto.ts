/** The export of one's own account on the wire. */
import { ApiProperty } from '@nestjs/swagger';

import { ActivityResponse } from '../audit/audit.dto.js';
import { ExportedSession } from '../auth/sessions/sessions.dto.js';
import { TaskResponse } from '../tasks/tasks.dto.js';
import { ExportedPerson } from '../timeline/people/people.dto.js';
import { ExportedPost } from '../timeline/posts/posts.dto.js';
import { AccountResponse } from '../users/users.dto.js';

/** Everything of a person. */
export class ExportResponse {
  @ApiProperty({ format: 'date-time' })
  exported_at: string;
  profile: AccountResponse;
  @ApiProperty({ type: [ExportedSession] })
  sessions: ExportedSession[];
  @ApiProperty({ type: [TaskResponse] })
  tasks: TaskResponse[];
  @ApiProperty({ type: [ExportedPost] })
  posts: ExportedPost[];
  @ApiProperty({ type: [ExportedPerson] })
  following: ExportedPerson[];
  @ApiProperty({ type: [ExportedPerson] })
  followers: ExportedPerson[];
  @ApiProperty({ type: [ExportedPerson] })
  mutes: ExportedPerson[];
  @ApiProperty({ type: [ExportedPerson] })
  blocks: ExportedPerson[];
  /** As `GET /users/me/activity` has it, the newest first. */
  @ApiProperty({ type: [ActivityResponse] })
  audit: ActivityResponse[];
}

/** The order of the document. A list that is not named here comes after these. */
export const LISTS = ['sessions', 'tasks', 'posts', 'following', 'followers', 'mutes', 'blocks', 'audit'];
