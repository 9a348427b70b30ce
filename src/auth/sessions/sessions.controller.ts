import { Controller, Delete, Get, HttpCode, Param } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';

import { CurrentUser, type Principal } from '../../common/access.js';
import { UuidPipe } from '../../http/input/id.pipe.js';
import { Answers } from '../../http/openapi/answers.js';
import { presentSession, SessionResponse, SESSIONS_PER_USER_MAX } from './sessions.dto.js';
import { Sessions } from './sessions.js';
import { type Actor, From } from '../../common/actor.js';

@ApiTags('Authentication')
@Controller('auth/sessions')
export class SessionsController {
  constructor(private readonly sessions: Sessions) {}

  /** The caller's live sessions, the one used last first. */
  @Get()
  @Answers({ status: 200, type: [SessionResponse], atMost: SESSIONS_PER_USER_MAX })
  async listSessions(@CurrentUser() principal: Principal): Promise<SessionResponse[]> {
    const sessions = await this.sessions.list(principal);
    return sessions.map((session) => presentSession(session, principal.sessionId));
  }

  /** Ends one of the caller's sessions at once. */
  @Delete(':session_id')
  @ApiParam({ name: 'session_id', schema: { type: 'string', format: 'uuid' } })
  @HttpCode(204)
  @Answers({ status: 204, errors: ['session_not_found'] })
  async endSession(
    @From() actor: Actor,
    @Param('session_id', new UuidPipe('session_not_found')) sessionId: string,
  ): Promise<void> {
    await this.sessions.endOne(actor, sessionId);
  }
}
