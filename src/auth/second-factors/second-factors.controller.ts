import { Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';

import { CurrentUser, type Principal, StepUp } from '../../common/access.js';
import { type Actor, From } from '../../common/actor.js';
import { Answers } from '../../http/openapi/answers.js';
import { RecoveryCodesResponse, SecondFactorsResponse } from './second-factors.dto.js';
import { SecondFactors } from './second-factors.js';

@ApiTags('Authentication')
@Controller('auth/second-factors')
export class SecondFactorsController {
  constructor(private readonly secondFactors: SecondFactors) {}

  /** The second factors of the caller's account. */
  @Get()
  @Answers({ status: 200, type: SecondFactorsResponse })
  async getSecondFactors(@CurrentUser() principal: Principal): Promise<SecondFactorsResponse> {
    const { methods, recoveryCodesLeft } = await this.secondFactors.describe(principal);
    return { methods, recovery_codes_left: recoveryCodesLeft };
  }

  /** Ten new recovery codes; those given before are void. */
  @Post('recovery-codes')
  @StepUp()
  @HttpCode(200)
  @Answers({ status: 200, type: RecoveryCodesResponse, errors: ['no_second_factor'] })
  async renewRecoveryCodes(@From() actor: Actor): Promise<RecoveryCodesResponse> {
    return { recovery_codes: await this.secondFactors.renewRecoveryCodes(actor) };
  }
}
