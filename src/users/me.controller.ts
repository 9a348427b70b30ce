import { Body, Controller, Get, Patch } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';

import { CurrentUser, type Principal, Scoped } from '../common/access.js';
import { Answers } from '../http/openapi/answers.js';
import { AccountResponse, presentAccount, UpdateProfileRequest } from './users.dto.js';
import { UsersService } from './users.service.js';
import { type Actor, From } from '../common/actor.js';

@ApiTags('Users')
@Controller('users/me')
@Scoped('profile')
export class MeController {
  constructor(private readonly users: UsersService) {}

  /** The caller's account. */
  @Get()
  @Answers({ status: 200, type: AccountResponse })
  async getOwnProfile(@CurrentUser() principal: Principal): Promise<AccountResponse> {
    return presentAccount(await this.users.require(principal.userId));
  }

  /** Changes what is given of the caller's profile. */
  @Patch()
  @Answers({ status: 200, type: AccountResponse, errors: ['username_taken'] })
  async updateOwnProfile(
    @From() actor: Actor,
    @Body() { username, display_name: displayName, bio }: UpdateProfileRequest,
  ): Promise<AccountResponse> {
    return presentAccount(await this.users.updateProfile(actor, { username, displayName, bio }));
  }
}
