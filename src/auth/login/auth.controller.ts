import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiBody, ApiExtraModels, ApiTags, getSchemaPath } from '@nestjs/swagger';

import { CurrentUser, OptionalAuth, type Principal, Public } from '../../common/access.js';
import { MessageResponse } from '../../http/openapi/message.dto.js';
import { Answers } from '../../http/openapi/answers.js';
import { StrictlyLimited } from '../../limits/policies.js';
import { AccountResponse, presentAccount } from '../../users/users.dto.js';
import {
  identifierOf,
  LoginByEmail,
  LoginByUsername,
  LoginRequest,
  LogoutRequest,
  MfaRequiredResponse,
  presentTicket,
  RefreshRequest,
  RegisterRequest,
  SecondStepRequest,
} from './auth.dto.js';
import { AuthService } from './auth.service.js';
import { CookieMode } from '../cookies/cookie-mode.js';
import { proofOf } from '../second-factors/second-factors.js';
import { SecondStep } from './second-step.js';
import { CookieTokensResponse, presentTokens, TokensResponse } from '../sessions/tokens.dto.js';
import { type Actor, type Client, From } from '../../common/actor.js';
import { Idempotent, type IdempotentRequest } from '../../idempotency/idempotent-request.js';

@ApiTags('Authentication')
@Controller('auth')
export class AuthController {
  constructor(
    private readonly auth: AuthService,
    private readonly secondStep: SecondStep,
  ) {}

  /** Creates an account, and mails a link and a code to confirm its address. */
  @Post('register')
  @Public()
  @StrictlyLimited('authentication', 'account_mail')
  @Answers({ status: 201, type: MessageResponse, errors: ['email_taken', 'username_taken'] })
  async register(
    @Body() { email, username, password }: RegisterRequest,
    @From() client: Client,
    @Idempotent() request: IdempotentRequest,
  ): Promise<MessageResponse> {
    return this.auth.register({ email, username, password }, client, request);
  }

  /** Starts a session, by e-mail or by username. */
  @Post('login')
  @CookieMode('login')
  @Public()
  @StrictlyLimited('authentication')
  @HttpCode(200)
  @ApiExtraModels(LoginByEmail, LoginByUsername)
  @ApiBody({ schema: { oneOf: [LoginByEmail, LoginByUsername].map((type) => ({ $ref: getSchemaPath(type) })) } })
  @Answers({
    status: 200,
    oneOf: [TokensResponse, CookieTokensResponse, MfaRequiredResponse],
    errors: ['cross_site_request', 'invalid_credentials', 'account_disabled', 'account_deleted', 'email_not_confirmed'],
  })
  async login(@Body() body: LoginRequest, @From() client: Client): Promise<TokensResponse | MfaRequiredResponse> {
    const answer = await this.auth.login(identifierOf(body), body.password, client);
    return 'ticket' in answer ? presentTicket(answer) : presentTokens(answer);
  }

  /** The second step of a login that was answered `mfa_required`. */
  @Post('login/second-factor')
  @CookieMode('login')
  @Public()
  @StrictlyLimited('authentication')
  @HttpCode(200)
  @Answers({
    status: 200,
    oneOf: [TokensResponse, CookieTokensResponse],
    errors: ['cross_site_request', 'invalid_mfa_ticket', 'invalid_second_factor', 'account_disabled'],
  })
  async completeLogin(@Body() body: SecondStepRequest, @From() client: Client): Promise<TokensResponse> {
    const { mfa_ticket: ticket, totp, recovery_code, passkey } = body;
    return presentTokens(
      await this.secondStep.complete({ ticket, proof: proofOf({ totp, recovery_code, passkey }) }, client),
    );
  }

  /**
   * Exchanges a refresh token for the next one and a new access token.
   *
   * @remarks
   * The body is left out in cookie mode. A retry of a lost reply, and any number of parallel requests, get the same refresh token. A token that another
   * party has used since ends the session.
   */
  @Post('refresh')
  @CookieMode('refresh')
  @ApiBody({ type: RefreshRequest, required: false })
  @Public()
  @HttpCode(200)
  @Answers({
    status: 200,
    oneOf: [TokensResponse, CookieTokensResponse],
    errors: ['cross_site_request', 'invalid_refresh_token', 'refresh_token_reused', 'account_disabled'],
  })
  async refreshTokens(@Body() body: RefreshRequest, @From() client: Client): Promise<TokensResponse> {
    return presentTokens(await this.auth.refresh(body.refresh_token, client));
  }

  /** Ends sessions at once: with a bearer token by scope, or without one the session of a refresh token. */
  @Post('logout')
  @CookieMode('logout')
  @OptionalAuth()
  @HttpCode(200)
  @ApiBody({ type: LogoutRequest, required: false })
  @Answers({ status: 200, type: MessageResponse, errors: ['cross_site_request', 'invalid_refresh_token'] })
  async logout(@Body() body: LogoutRequest, @From() client: Client & Partial<Actor>): Promise<MessageResponse> {
    await this.auth.logout(client, { scope: body.scope, refreshToken: body.refresh_token });
    return { message: 'Logged out successfully' };
  }

  /** The account of the access token; the same as `GET /users/me`. */
  @Get('me')
  @Answers({ status: 200, type: AccountResponse })
  async getOwnAccount(@CurrentUser() principal: Principal): Promise<AccountResponse> {
    return presentAccount(await this.auth.account(principal));
  }
}
