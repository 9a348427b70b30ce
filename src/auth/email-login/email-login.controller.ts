import { Body, Controller, HttpCode, Post, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';

import { Public } from '../../common/access.js';
import { type Client, From } from '../../common/actor.js';
import { Answers } from '../../http/openapi/answers.js';
import { StrictlyLimited } from '../../limits/policies.js';
import { CookieMode } from '../cookies/cookie-mode.js';
import { MfaRequiredResponse, presentTicket } from '../login/auth.dto.js';
import { CookieTokensResponse, presentTokens, TokensResponse } from '../sessions/tokens.dto.js';
import {
  CompleteEmailLoginRequest,
  EmailLoginRequest,
  EmailLoginResponse,
  mailedProofOf,
  presentEmailLogin,
} from './email-login.dto.js';
import { EmailLoginService } from './email-login.service.js';
import { EmailLoginSwitch } from './email-login-switch.js';

@ApiTags('Authentication')
@Controller('auth/login/email')
@Public()
@UseGuards(EmailLoginSwitch)
export class EmailLoginController {
  constructor(private readonly logins: EmailLoginService) {}

  /**
   * Mails a code and a link to log in with, if an account has the address; the answer is the same if not.
   *
   * @remarks
   * Only where `EMAIL_LOGIN` is on. An address gets one mail a minute; until then the `login_request` of the earlier answer is the one to keep.
   */
  @Post()
  @StrictlyLimited('authentication', 'account_mail')
  @HttpCode(202)
  @Answers({ status: 202, type: EmailLoginResponse, errors: ['route_not_found'] })
  async beginEmailLogin(@Body() { email }: EmailLoginRequest, @From() client: Client): Promise<EmailLoginResponse> {
    return presentEmailLogin(await this.logins.request(email, client));
  }

  /** Starts a session by the code or the token of the mail, in the browser that asked for it. */
  @Post('complete')
  @CookieMode('login')
  @StrictlyLimited('authentication')
  @HttpCode(200)
  @Answers({
    status: 200,
    oneOf: [TokensResponse, CookieTokensResponse, MfaRequiredResponse],
    errors: ['cross_site_request', 'invalid_email_login', 'account_disabled', 'account_deleted', 'route_not_found'],
  })
  async completeEmailLogin(
    @Body() body: CompleteEmailLoginRequest,
    @From() client: Client,
  ): Promise<TokensResponse | MfaRequiredResponse> {
    const answer = await this.logins.complete(body.login_request, mailedProofOf(body), client);
    return 'ticket' in answer ? presentTicket(answer) : presentTokens(answer);
  }
}
