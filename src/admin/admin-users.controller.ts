import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Res } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';

import { DeletionResponse, presentDeletion } from '../auth/deletion/deletion.dto.js';
import { presentSession, SessionResponse, SESSIONS_PER_USER_MAX } from '../auth/sessions/sessions.dto.js';
import { Invitations } from './invitations.js';
import { Moderation } from './moderation.js';
import { Sessions } from '../auth/sessions/sessions.js';
import { CurrentUser, type Principal, Roles, Scoped, SessionOnly, StepUp } from '../common/access.js';
import { UuidPipe } from '../http/input/id.pipe.js';
import { Answers } from '../http/openapi/answers.js';
import { parseDayOrTimestamp, parseTimestamp } from '../common/timestamps.js';
import { UsersService } from '../users/users.service.js';
import {
  ChangeRoleRequest,
  DisableUserRequest,
  InviteUserRequest,
  ListUsersQuery,
  presentUser,
  UserResponse,
} from './admin.dto.js';
import { type Actor, From } from '../common/actor.js';
import { Idempotent, type IdempotentRequest } from '../idempotency/idempotent-request.js';

const UserId = (): ParameterDecorator => Param('user_id', new UuidPipe('user_not_found'));
const UserIdInPath = (): MethodDecorator => ApiParam({ name: 'user_id', schema: { type: 'string', format: 'uuid' } });

@ApiTags('Administration')
@Controller('admin/users')
@Roles('admin')
@Scoped('admin:users')
export class AdminUsersController {
  constructor(
    private readonly users: UsersService,
    private readonly sessions: Sessions,
    private readonly moderation: Moderation,
    private readonly invitations: Invitations,
  ) {}

  /** All accounts in keyset pages; the next page is in the `Link` header. */
  @Get()
  @Answers({ status: 200, type: [UserResponse], paged: true })
  async listUsers(
    @Query() query: ListUsersQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<UserResponse[]> {
    const { q, role, status, confirmed, deleting, sort, cursor, limit } = query;
    const createdFrom = parseDayOrTimestamp(query.created_from ?? '');
    const createdTo = parseDayOrTimestamp(query.created_to ?? '');
    const filter = { q, role, status, confirmed, deleting, createdFrom, createdTo };
    return (await this.users.list(filter, { sort, cursor, limit })).present(reply, presentUser);
  }

  /** Makes an account for somebody, who is mailed a link to choose its password; until then nobody can log in to it. */
  @Post()
  @StepUp()
  @SessionOnly()
  @Answers({ status: 201, type: UserResponse, errors: ['email_taken', 'username_taken'] })
  async inviteUser(
    @From() actor: Actor,
    @Body() { email, username, role }: InviteUserRequest,
    @Idempotent() request: IdempotentRequest,
  ): Promise<UserResponse> {
    return this.invitations.invite(actor, { email, username, role }, request);
  }

  /** One account. */
  @Get(':user_id')
  @UserIdInPath()
  @Answers({ status: 200, type: UserResponse, errors: ['user_not_found'] })
  async getUser(@UserId() userId: string): Promise<UserResponse> {
    return presentUser(await this.users.describe(userId));
  }

  /** An account's live sessions, the one used last first. */
  @Get(':user_id/sessions')
  @UserIdInPath()
  @Answers({ status: 200, type: [SessionResponse], errors: ['user_not_found'], atMost: SESSIONS_PER_USER_MAX })
  async listUserSessions(@CurrentUser() principal: Principal, @UserId() userId: string): Promise<SessionResponse[]> {
    const { id } = await this.users.describe(userId);
    const sessions = await this.sessions.list({ userId: id });
    return sessions.map((session) => presentSession(session, principal.sessionId));
  }

  /** Changes an account's role; its access tokens are refused from now on, and a refresh brings the new role. */
  @Patch(':user_id')
  @StepUp()
  @SessionOnly()
  @UserIdInPath()
  @Answers({
    status: 200,
    type: UserResponse,
    errors: ['own_account', 'user_not_found', 'user_deleted', 'user_disabled', 'user_unconfirmed'],
  })
  async changeUserRole(
    @From() actor: Actor,
    @UserId() userId: string,
    @Body() { role }: ChangeRoleRequest,
  ): Promise<UserResponse> {
    return presentUser(await this.moderation.setRole({ ...actor, userId }, role));
  }

  /** Disables an account of a lower role and ends all of its sessions at once; with `until`, it ends by itself. */
  @Post(':user_id/disable')
  @StepUp()
  @Roles('moderator', 'admin')
  @UserIdInPath()
  @HttpCode(204)
  @Answers({ status: 204, errors: ['own_account', 'user_not_found'] })
  async disableUser(
    @From() actor: Actor,
    @UserId() userId: string,
    @Body() { reason, until }: DisableUserRequest,
  ): Promise<void> {
    const ban = { reason, until: parseTimestamp(until ?? '') };
    await this.moderation.disable({ ...actor, userId }, ban);
  }

  /**
   * Deletes an account of a lower role and ends all of its sessions at once; everything in it is erased after
   * ACCOUNT_DELETE_DELAY. Its owner cannot cancel that; an admin's `enable` does.
   */
  @Delete(':user_id')
  @StepUp()
  @UserIdInPath()
  @HttpCode(202)
  @Answers({ status: 202, type: DeletionResponse, errors: ['own_account', 'user_not_found'] })
  async deleteUser(@From() actor: Actor, @UserId() userId: string): Promise<DeletionResponse> {
    return presentDeletion(await this.moderation.delete({ ...actor, userId }));
  }

  /** Lets people into an account again, of a lower role: lifts a ban and, for admins, cancels an admin's deletion. */
  @Post(':user_id/enable')
  @StepUp()
  @Roles('moderator', 'admin')
  @UserIdInPath()
  @HttpCode(204)
  @Answers({ status: 204, errors: ['own_account', 'user_not_found'] })
  async enableUser(@From() actor: Actor, @UserId() userId: string): Promise<void> {
    await this.moderation.enable({ ...actor, userId });
  }

  /** Ends all sessions of an account at once. */
  @Post(':user_id/logout')
  @StepUp()
  @UserIdInPath()
  @HttpCode(204)
  @Answers({ status: 204, errors: ['user_not_found'] })
  async logOutUser(@From() actor: Actor, @UserId() userId: string): Promise<void> {
    await this.moderation.logOut({ ...actor, userId });
  }

  /** Mails its owner a link to choose a new password, or the invitation again; the password stays as it is until then. */
  @Post(':user_id/password-reset')
  @StepUp()
  @UserIdInPath()
  @HttpCode(204)
  @Answers({ status: 204, errors: ['user_not_found'] })
  async sendUserPasswordLink(@From() actor: Actor, @UserId() userId: string): Promise<void> {
    await this.invitations.sendPasswordLink({ ...actor, userId });
  }

  /** Removes all second factors of an account whose owner has lost them, tells the owner, and ends all sessions. */
  @Delete(':user_id/second-factors')
  @StepUp()
  @SessionOnly()
  @UserIdInPath()
  @HttpCode(204)
  @Answers({ status: 204, errors: ['own_account', 'user_not_found'] })
  async resetUserSecondFactors(@From() actor: Actor, @UserId() userId: string): Promise<void> {
    await this.moderation.resetSecondFactors({ ...actor, userId });
  }
}
