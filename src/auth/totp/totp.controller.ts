import { Body, Controller, Delete, HttpCode, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';

import { StepUp } from '../../common/access.js';
import { type Actor, From } from '../../common/actor.js';
import { Answers } from '../../http/openapi/answers.js';
import { StrictlyLimited } from '../../limits/policies.js';
import { RecoveryCodesResponse } from '../second-factors/second-factors.dto.js';
import { ConfirmTotpRequest, presentEnrolment, TotpEnrolmentResponse } from './totp.dto.js';
import { TotpService } from './totp.service.js';

@ApiTags('Authentication')
@Controller('auth/second-factors/totp')
export class TotpController {
  constructor(private readonly totp: TotpService) {}

  /** Begins to set up an authenticator app: shows its secret, which a code has to confirm within ten minutes. */
  @Post()
  @StepUp()
  @Answers({ status: 201, type: TotpEnrolmentResponse, errors: ['totp_enabled'] })
  async beginTotp(@From() actor: Actor): Promise<TotpEnrolmentResponse> {
    return presentEnrolment(await this.totp.begin(actor));
  }

  /** Confirms the app by a code, in the session that began. From then on a login asks for a code. */
  @Post('confirm')
  @HttpCode(200)
  @StrictlyLimited('authentication')
  @Answers({ status: 200, type: RecoveryCodesResponse, errors: ['totp_not_begun', 'wrong_second_factor'] })
  async confirmTotp(@From() actor: Actor, @Body() { code }: ConfirmTotpRequest): Promise<RecoveryCodesResponse> {
    return { recovery_codes: await this.totp.confirm(actor, code) };
  }

  /** Removes the authenticator app. Without another second factor, the recovery codes end, too. */
  @Delete()
  @StepUp()
  @HttpCode(204)
  @Answers({ status: 204, errors: ['totp_not_enabled', 'second_factor_kept'] })
  async removeTotp(@From() actor: Actor): Promise<void> {
    await this.totp.remove(actor);
  }
}
