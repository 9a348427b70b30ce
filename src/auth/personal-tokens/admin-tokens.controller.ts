import { Controller, Delete, Get, HttpCode, Param } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';

import { Roles, Scoped, StepUp } from '../../common/access.js';
import { type Actor, From } from '../../common/actor.js';
import { UuidPipe } from '../../http/input/id.pipe.js';
import { Answers } from '../../http/openapi/answers.js';
import { UsersService } from '../../users/users.service.js';
import { presentToken, TokenResponse } from './personal-tokens.dto.js';
import { PersonalTokens, TOKENS_PER_USER } from './personal-tokens.js';

const UUID = { type: 'string', format: 'uuid' } as const;
const UserId = (): ParameterDecorator => Param('user_id', new UuidPipe('user_not_found'));
const UserIdInPath = (): MethodDecorator => ApiParam({ name: 'user_id', schema: UUID });

@ApiTags('Administration')
@Controller('admin/users/:user_id/tokens')
@Roles('admin')
export class AdminTokensController {
  constructor(
    private readonly users: UsersService,
    private readonly tokens: PersonalTokens,
  ) {}

  /** An account's personal access tokens that have not ended, the newest first. */
  @Get()
  @Scoped('admin:users')
  @UserIdInPath()
  @Answers({ status: 200, type: [TokenResponse], errors: ['user_not_found'], atMost: TOKENS_PER_USER })
  async listUserTokens(@UserId() userId: string): Promise<TokenResponse[]> {
    const { id } = await this.users.describe(userId);
    return (await this.tokens.list(id)).map(presentToken);
  }

  /** Revokes a token of an account at once. */
  @Delete(':id')
  @StepUp()
  @UserIdInPath()
  @ApiParam({ name: 'id', schema: UUID })
  @HttpCode(204)
  @Answers({ status: 204, errors: ['user_not_found', 'token_not_found'] })
  async revokeUserToken(
    @From() actor: Actor,
    @UserId() userId: string,
    @Param('id', new UuidPipe('token_not_found')) id: string,
  ): Promise<void> {
    const user = await this.users.describe(userId);
    await this.tokens.revoke(actor, { userId: user.id, id });
  }
}
