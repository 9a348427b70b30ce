import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';

import { Public } from '../../common/access.js';
import { type Client, From } from '../../common/actor.js';
import { Answers } from '../../http/openapi/answers.js';
import { StrictlyLimited } from '../../limits/policies.js';
import { CookieMode } from '../cookies/cookie-mode.js';
import { CookieTokensResponse, presentTokens, TokensResponse } from '../sessions/tokens.dto.js';
import { PasskeyLoginRequest, PasskeyOptionsResponse } from './passkeys.dto.js';
import { PasskeysService } from './passkeys.service.js';

@ApiTags('Authentication')
@Controller('auth/login/passkey')
@Public()
export class PasskeyLoginController {
  constructor(private readonly passkeys: PasskeysService) {}

  /**
   * The options for `navigator.credentials.get()`.
   *
   * @remarks
   * The answer is for `POST /auth/login/passkey`, or the `passkey` of `POST /auth/login/second-factor` and `POST /auth/step-up`.
   */
  @Post('options')
  @StrictlyLimited('authentication')
  @HttpCode(200)
  @Answers({ status: 200, type: PasskeyOptionsResponse })
  async beginPasskeyLogin(): Promise<PasskeyOptionsResponse> {
    return { options: await this.passkeys.beginAssertion() };
  }

  /** Starts a session by a passkey alone: no password, no second step. */
  @Post()
  @CookieMode('login')
  @StrictlyLimited('authentication')
  @HttpCode(200)
  @Answers({
    status: 200,
    oneOf: [TokensResponse, CookieTokensResponse],
    errors: [
      'cross_site_request',
      'invalid_passkey_login',
      'account_disabled',
      'account_deleted',
      'email_not_confirmed',
    ],
  })
  async completePasskeyLogin(
    @Body() { credential }: PasskeyLoginRequest,
    @From() client: Client,
  ): Promise<TokensResponse> {
    return presentTokens(await this.passkeys.login(credential, client));
  }
}
