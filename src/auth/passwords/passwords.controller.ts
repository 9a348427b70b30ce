import { Body, Controller, HttpCode, Post, Put } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';

import { Public, StepUp } from '../../common/access.js';
import { MessageResponse } from '../../http/openapi/message.dto.js';
import { Answers } from '../../http/openapi/answers.js';
import { StrictlyLimited } from '../../limits/policies.js';
import { PasswordChange } from './password-change.js';
import { PasswordRecovery } from './password-recovery.js';
import { ChangePasswordRequest, ForgotPasswordRequest, ResetPasswordRequest } from './passwords.dto.js';
import { type Actor, type Client, From } from '../../common/actor.js';

@ApiTags('Authentication')
@Controller('auth/password')
export class PasswordsController {
  constructor(
    private readonly changes: PasswordChange,
    private readonly recovery: PasswordRecovery,
  ) {}

  /** Changes the caller's password and ends all of their other sessions at once; the one that asks lives on. */
  @Put()
  @StepUp({ passwordInBody: true })
  @StrictlyLimited('authentication')
  @HttpCode(204)
  @Answers({ status: 204, errors: ['wrong_password', 'account_disabled'] })
  async changePassword(@From() actor: Actor, @Body() body: ChangePasswordRequest): Promise<void> {
    const passwords = { from: body.current_password, to: body.new_password };
    await this.changes.change(actor, passwords);
  }

  /** Mails a link to choose a new password, if an account has the address; the answer is the same if not. */
  @Post('forgot')
  @Public()
  @HttpCode(202)
  @StrictlyLimited('authentication', 'account_mail')
  @Answers({ status: 202, type: MessageResponse })
  async forgotPassword(@Body() { email }: ForgotPasswordRequest): Promise<MessageResponse> {
    await this.recovery.request(email);
    return { message: 'If an account has this address, a mail with a link is on its way.' };
  }

  /** Sets a new password by the token of that mail, or accepts an invitation; ends all sessions of the account at once, and tells its owner. */
  @Post('reset')
  @Public()
  @StrictlyLimited('authentication')
  @HttpCode(204)
  @Answers({ status: 204, errors: ['invalid_account_token', 'last_admin'] })
  async resetPassword(@Body() body: ResetPasswordRequest, @From() client: Client): Promise<void> {
    const { token, new_password: password, start_afresh: startAfresh = false } = body;
    await this.recovery.reset({ token, password, startAfresh }, client);
  }
}
