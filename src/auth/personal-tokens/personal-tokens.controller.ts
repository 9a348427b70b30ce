import { Body, Controller, Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';

import { CurrentUser, type Principal, StepUp } from '../../common/access.js';
import { type Actor, From } from '../../common/actor.js';
import { UuidPipe } from '../../http/input/id.pipe.js';
import { Answers } from '../../http/openapi/answers.js';
import { StrictlyLimited } from '../../limits/policies.js';
import {
  CreatedTokenResponse,
  CreateTokenRequest,
  presentCreatedToken,
  presentToken,
  TokenResponse,
} from './personal-tokens.dto.js';
import { PersonalTokens, TOKENS_PER_USER } from './personal-tokens.js';

/** Without a scope: no token makes, lists or revokes tokens. */
@ApiTags('Authentication')
@Controller('auth/tokens')
export class PersonalTokensController {
  constructor(private readonly tokens: PersonalTokens) {}

  /** The caller's personal access tokens that have not ended, the newest first. */
  @Get()
  @Answers({ status: 200, type: [TokenResponse], atMost: TOKENS_PER_USER })
  async listTokens(@CurrentUser() { userId }: Principal): Promise<TokenResponse[]> {
    return (await this.tokens.list(userId)).map(presentToken);
  }

  /**
   * Makes a personal access token for a script or a service. Only this answer has it: store it now.
   *
   * @remarks
   * A person has at most 50. Its owner is told by mail. A reset of the password, a ban and a deletion end all of them; a change of the
   * password and a logout do not. Scopes that begin with `admin:` are for admins.
   */
  @Post()
  @StepUp()
  @StrictlyLimited('authentication')
  @Answers({ status: 201, type: CreatedTokenResponse, errors: ['insufficient_role', 'token_limit_reached'] })
  async createToken(
    @From() actor: Actor,
    @Body() { name, scopes, expires_in_days: days }: CreateTokenRequest,
  ): Promise<CreatedTokenResponse> {
    return presentCreatedToken(await this.tokens.create(actor, { name, scopes, days }));
  }

  /** Revokes one of the caller's tokens at once. */
  @Delete(':id')
  @ApiParam({ name: 'id', schema: { type: 'string', format: 'uuid' } })
  @HttpCode(204)
  @Answers({ status: 204, errors: ['token_not_found'] })
  async revokeToken(@From() actor: Actor, @Param('id', new UuidPipe('token_not_found')) id: string): Promise<void> {
    await this.tokens.revoke(actor, { userId: actor.principal.userId, id });
  }
}
