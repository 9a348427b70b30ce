import { Body, Controller, Get, HttpCode, Post, Put, Req } from '@nestjs/common';
import { ApiBody, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';

import { CurrentUser, OptionalAuth, type Principal, Public } from '../common/access.js';
import { MessageResponse } from '../http/message.dto.js';
import { Answers } from '../http/openapi.js';
import { originOf } from '../common/origin.js';
import { StrictlyLimited } from '../limits/rate-limit.js';
import { AccountResponse, presentAccount } from '../users/users.dto.js';
import {
  ChangePasswordRequest,
  confirmationOf,
  ConfirmEmailRequest,
  ForgotPasswordRequest,
  identifierOf,
  LoginRequest,
  LogoutRequest,
  RefreshRequest,
  RegisterRequest,
  ResendConfirmationRequest,
  ResetPasswordRequest,
  TokensResponse,
  UndoEmailRequest,
} from './auth.dto.js';
import { AuthService } from './auth.service.js';
import { clientOf } from './client.js';
import { EmailChange } from './email-change.js';
import { EmailConfirmation } from './email-confirmation.js';
import { PasswordChange } from './password-change.js';
import { PasswordRecovery } from './password-recovery.js';
import type { Grant } from './sessions.js';
import { AccessTokens } from './tokens.js';

@ApiTags('Authentication')
@Controller('auth')
export class AuthController {
  constructor(
    private readonly auth: AuthService,
    private readonly passwordChange: PasswordChange,
    private readonly recovery: PasswordRecovery,
    private readonly confirmation: EmailConfirmation,
    private readonly emailChange: EmailChange,
    private readonly accessTokens: AccessTokens,
  ) {}

  /** Creates an account, and mails a link and a code to confirm its address. */
  @Post('register')
  @Public()
  @StrictlyLimited('authentication', 'account_mail')
  @Answers({ status: 201, type: MessageResponse, errors: [409] })
  async register(
    @Body() { email, username, password }: RegisterRequest,
    @Req() request: FastifyRequest,
  ): Promise<MessageResponse> {
    await this.auth.register({ email, username, password }, clientOf(request));
    return { message: 'User created successfully' };
  }

  /** Starts a session, by e-mail or by username. */
  @Post('login')
  @Public()
  @StrictlyLimited('authentication')
  @HttpCode(200)
  @Answers({ status: 200, type: TokensResponse, errors: [401, 403] })
  async login(@Body() body: LoginRequest, @Req() request: FastifyRequest): Promise<TokensResponse> {
    return this.tokens(await this.auth.login(identifierOf(body), body.password, clientOf(request)));
  }

  /**
   * Exchanges a refresh token for the next one and a new access token.
   *
   * @remarks
   * A retry of a lost reply, and any number of parallel requests, get the same refresh token. A token that another
   * party has used since ends the session.
   */
  @Post('refresh')
  @Public()
  @HttpCode(200)
  @Answers({ status: 200, type: TokensResponse, errors: [401, 403] })
  async refresh(@Body() body: RefreshRequest, @Req() request: FastifyRequest): Promise<TokensResponse> {
    return this.tokens(await this.auth.refresh(body.refresh_token, clientOf(request)));
  }

  /** Ends sessions at once: with a bearer token by scope, or without one the session of a refresh token. */
  @Post('logout')
  @OptionalAuth()
  @HttpCode(200)
  @ApiBody({ type: LogoutRequest, required: false })
  @Answers({ status: 200, type: MessageResponse, errors: [401] })
  async logout(
    @CurrentUser() principal: Principal | undefined,
    @Body() body: LogoutRequest,
    @Req() request: FastifyRequest,
  ): Promise<MessageResponse> {
    await this.auth.logout(principal, { scope: body.scope, refreshToken: body.refresh_token }, originOf(request));
    return { message: 'Logged out successfully' };
  }

  /** Changes the caller's password and ends all of their other sessions at once; the one that asks lives on. */
  @Put('password')
  @StrictlyLimited('authentication')
  @HttpCode(204)
  @Answers({ status: 204, errors: [403] })
  async changePassword(
    @CurrentUser() principal: Principal,
    @Body() body: ChangePasswordRequest,
    @Req() request: FastifyRequest,
  ): Promise<void> {
    const passwords = { from: body.current_password, to: body.new_password };
    await this.passwordChange.change(principal, passwords, clientOf(request));
  }

  /** Mails a link to choose a new password, if an account has the address; the answer is the same if not. */
  @Post('password/forgot')
  @Public()
  @HttpCode(202)
  @StrictlyLimited('authentication', 'account_mail')
  @Answers({ status: 202, type: MessageResponse })
  async forgotPassword(@Body() { email }: ForgotPasswordRequest): Promise<MessageResponse> {
    await this.recovery.request(email);
    return { message: 'If an account has this address, a mail with a link is on its way.' };
  }

  /** Sets a new password by the token of that mail, or accepts an invitation; ends all sessions of the account at once, and tells its owner. */
  @Post('password/reset')
  @Public()
  @StrictlyLimited('authentication')
  @HttpCode(204)
  @Answers({ status: 204, errors: [409] })
  async resetPassword(@Body() body: ResetPasswordRequest, @Req() request: FastifyRequest): Promise<void> {
    const { token, new_password: password, start_afresh: startAfresh = false } = body;
    await this.recovery.reset({ token, password, startAfresh }, clientOf(request));
  }

  /**
   * Confirms an address by what was mailed there: the token of the link, or the address and the code. The token of a
   * change of address makes it the account's.
   */
  @Post('email/confirm')
  @Public()
  @StrictlyLimited('authentication')
  @HttpCode(204)
  @Answers({ status: 204, errors: [403, 409] })
  async confirmEmail(@Body() body: ConfirmEmailRequest, @Req() request: FastifyRequest): Promise<void> {
    await this.confirmation.confirm(confirmationOf(body), originOf(request));
  }

  /**
   * Undoes a change of address by what was mailed to the old one, and sets a new password; ends all sessions of the
   * account at once.
   */
  @Post('email/undo')
  @Public()
  @StrictlyLimited('authentication')
  @HttpCode(204)
  @Answers({ status: 204, errors: [409] })
  async undoEmail(@Body() body: UndoEmailRequest, @Req() request: FastifyRequest): Promise<void> {
    await this.emailChange.undo(body.token, body.new_password, clientOf(request));
  }

  /** Mails the confirmation again, if the address waits for one; the answer is the same if not. */
  @Post('email/resend')
  @Public()
  @HttpCode(202)
  @StrictlyLimited('authentication', 'account_mail')
  @Answers({ status: 202, type: MessageResponse })
  async resendConfirmation(@Body() { email }: ResendConfirmationRequest): Promise<MessageResponse> {
    await this.confirmation.resend(email);
    return { message: 'If this address waits to be confirmed, a mail is on its way.' };
  }

  /** The caller's account. */
  @Get('me')
  @Answers({ status: 200, type: AccountResponse, errors: [] })
  async me(@CurrentUser() principal: Principal): Promise<AccountResponse> {
    return presentAccount(await this.auth.account(principal));
  }

  private tokens({ principal, refreshToken }: Grant): TokensResponse {
    return {
      access_token: this.accessTokens.issue(principal),
      refresh_token: refreshToken,
      token_type: 'bearer',
      expires_in: this.accessTokens.ttlSeconds,
    };
  }
}
