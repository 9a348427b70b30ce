import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';

import { StepUp } from '../../common/access.js';
import { MessageResponse } from '../../http/openapi/message.dto.js';
import { Answers } from '../../http/openapi/answers.js';
import { StrictlyLimited } from '../../limits/policies.js';
import { ChangeEmailRequest } from './emails.dto.js';
import { EmailChange } from './email-change.js';
import { type Actor, From } from '../../common/actor.js';
import { Idempotent, type IdempotentRequest } from '../../idempotency/idempotent-request.js';

@ApiTags('Users')
@Controller('users/me/email')
@StrictlyLimited('authentication', 'account_mail')
export class EmailChangeController {
  constructor(private readonly emailChange: EmailChange) {}

  /**
   * Asks for another e-mail address: it is the account's when the link that is mailed there is confirmed.
   *
   * @remarks
   * The old address gets a link that undoes it, before or after that, for 7 days. A newer request ends the older one.
   */
  @Post()
  @StepUp({ passwordInBody: true })
  @HttpCode(202)
  @Answers({ status: 202, type: MessageResponse, errors: ['wrong_password', 'account_disabled', 'email_taken'] })
  async changeEmail(
    @From() actor: Actor,
    @Body() { email, current_password: password }: ChangeEmailRequest,
    @Idempotent() request: IdempotentRequest,
  ): Promise<MessageResponse> {
    await this.emailChange.request(actor, { email, password }, request);
    return { message: 'If the address is free, a mail with a link is on its way to it.' };
  }
}
