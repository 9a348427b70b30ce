import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Req, StreamableFile } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';

import { AccountDeletion } from '../auth/account-deletion.js';
import { DeleteAccountRequest, DeletionResponse, presentDeletion } from '../auth/auth.dto.js';
import { clientOf } from '../auth/client.js';
import { CurrentUser, type Principal } from '../common/access.js';
import { Answers } from '../http/openapi.js';
import { originOf } from '../common/origin.js';
import { StrictlyLimited } from '../limits/rate-limit.js';
import { Streaming } from '../http/streaming.js';
import { AccountResponse, presentAccount } from '../users/users.dto.js';
import { ExportResponse, UpdateProfileRequest } from './account.dto.js';
import { Export } from './export.js';
import { OwnProfile } from './own-profile.js';

@ApiTags('Users')
@Controller('users/me')
export class AccountController {
  constructor(
    private readonly profile: OwnProfile,
    private readonly deletion: AccountDeletion,
    private readonly exports: Export,
  ) {}

  /** The caller's account. */
  @Get()
  @Answers({ status: 200, type: AccountResponse })
  async get(@CurrentUser() principal: Principal): Promise<AccountResponse> {
    return presentAccount(await this.profile.get(principal));
  }

  /** Changes what is given of the caller's profile. */
  @Patch()
  @Answers({ status: 200, type: AccountResponse, errors: [409] })
  async update(
    @CurrentUser() principal: Principal,
    @Body() { username, display_name: displayName, bio }: UpdateProfileRequest,
    @Req() request: FastifyRequest,
  ): Promise<AccountResponse> {
    return presentAccount(await this.profile.update(principal, { username, displayName, bio }, originOf(request)));
  }

  /**
   * Deletes the caller's account: ends all of its sessions at once, and erases everything in it after ACCOUNT_DELETE_DELAY.
   *
   * @remarks
   * A login before that cancels the deletion. The last admin's account cannot be deleted.
   */
  @Delete()
  @HttpCode(202)
  @StrictlyLimited('authentication')
  @Answers({ status: 202, type: DeletionResponse, errors: [403, 409] })
  async delete(
    @CurrentUser() principal: Principal,
    @Body() body: DeleteAccountRequest,
    @Req() request: FastifyRequest,
  ): Promise<DeletionResponse> {
    return presentDeletion(await this.deletion.request(principal, body.current_password, clientOf(request)));
  }

  /** The same as `DELETE /users/me`, for clients behind a proxy that drops the body of a DELETE. */
  @Post('delete')
  @HttpCode(202)
  @StrictlyLimited('authentication')
  @Answers({ status: 202, type: DeletionResponse, errors: [403, 409] })
  async deleteByPost(
    @CurrentUser() principal: Principal,
    @Body() body: DeleteAccountRequest,
    @Req() request: FastifyRequest,
  ): Promise<DeletionResponse> {
    return this.delete(principal, body, request);
  }

  /**
   * Everything of the caller's in one JSON document, streamed; at most ten times an hour.
   *
   * @remarks
   * When something goes wrong on the way, the connection is cut and the document is left unfinished.
   */
  @Get('export')
  @Streaming()
  @StrictlyLimited('export')
  @Answers({ status: 200, type: ExportResponse })
  async export(@CurrentUser() principal: Principal, @Req() request: FastifyRequest): Promise<StreamableFile> {
    return new StreamableFile(await this.exports.begin(principal, originOf(request)), {
      type: 'application/json; charset=utf-8',
      disposition: 'attachment; filename="roost-export.json"',
    });
  }
}
