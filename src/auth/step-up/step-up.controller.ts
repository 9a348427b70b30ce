import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';

import { type Actor, From } from '../../common/actor.js';
import { isoTimestamp } from '../../common/timestamps.js';
import { Answers } from '../../http/openapi/answers.js';
import { StrictlyLimited } from '../../limits/policies.js';
import { proofOf } from '../second-factors/second-factors.js';
import { StepUpRequest, StepUpResponse } from './step-up.dto.js';
import { FRESH_MS, StepUpService } from './step-up.service.js';

@ApiTags('Authentication')
@Controller('auth/step-up')
export class StepUpController {
  constructor(private readonly service: StepUpService) {}

  /**
   * Proves again who the caller is, for ten minutes and this session.
   *
   * @remarks
   * Sensitive routes answer 403 `step_up_required` when the last proof, or the login, is older than that; its `proofs`
   * name the fields of which one will do.
   */
  @Post()
  @HttpCode(200)
  @StrictlyLimited('authentication')
  @Answers({
    status: 200,
    type: StepUpResponse,
    errors: ['wrong_password', 'wrong_second_factor', 'step_up_required', 'account_disabled'],
  })
  async stepUp(@From() actor: Actor, @Body() body: StepUpRequest): Promise<StepUpResponse> {
    const { password, totp, recovery_code, passkey } = body;
    const at = await this.service.prove(actor, proofOf({ password, totp, recovery_code, passkey }));
    return { proved_at: isoTimestamp(at), expires_at: isoTimestamp(new Date(at.getTime() + FRESH_MS)) };
  }
}
