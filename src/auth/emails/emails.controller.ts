import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';

import { Public } from '../../common/access.js';
import { MessageResponse } from '../../http/openapi/message.dto.js';
import { Answers } from '../../http/openapi/answers.js';
import { StrictlyLimited } from '../../limits/policies.js';
import { EmailChange } from './email-change.js';
import { EmailConfirmation } from './email-confirmation.js';
import { confirmationOf, ConfirmEmailRequest, ResendConfirmationRequest, UndoEmailRequest } from './emails.dto.js';
import { type Client, From } from '../../common/actor.js';

@ApiTags('Authentication')
@Controller('auth/email')
export class EmailsController {
  constructor(
    private readonly confirmation: EmailConfirmation,
    private readonly changes: EmailChange,
  ) {}

  /**
   * Confirms an address by what was mailed there: the token of the link, or the address and the code. The token of a
   * change of address makes it the account's.
   */
  @Post('confirm')
  @Public()
  @StrictlyLimited('authentication')
  @HttpCode(204)
  @Answers({
    status: 204,
    errors: ['invalid_account_token', 'invalid_confirmation_code', 'account_disabled', 'email_taken'],
  })
  async confirmEmail(@Body() body: ConfirmEmailRequest, @From() client: Client): Promise<void> {
    await this.confirmation.confirm(confirmationOf(body), client);
  }

  /**
   * Undoes a change of address by what was mailed to the old one, and sets a new password; ends all sessions of the
   * account at once.
   */
  @Post('undo')
  @Public()
  @StrictlyLimited('authentication')
  @HttpCode(204)
  @Answers({ status: 204, errors: ['invalid_account_token', 'email_taken'] })
  async undoEmailChange(@Body() body: UndoEmailRequest, @From() client: Client): Promise<void> {
    await this.changes.undo(body.token, body.new_password, client);
  }

  /** Mails the confirmation again, if the address waits for one; the answer is the same if not. */
  @Post('resend')
  @Public()
  @HttpCode(202)
  @StrictlyLimited('authentication', 'account_mail')
  @Answers({ status: 202, type: MessageResponse })
  async resendConfirmation(@Body() { email }: ResendConfirmationRequest): Promise<MessageResponse> {
    await this.confirmation.resend(email);
    return { message: 'If this address waits to be confirmed, a mail is on its way.' };
  }
}
