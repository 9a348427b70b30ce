/** Authentication: the map of its rooms, from the ground up. */
import { Module } from '@nestjs/common';

import { DeletionModule } from './deletion/deletion.module.js';
import { EmailLoginModule } from './email-login/email-login.module.js';
import { EmailsModule } from './emails/emails.module.js';
import { HashingModule } from './hashing/hashing.module.js';
import { LoginModule } from './login/login.module.js';
import { LoginGuardModule } from './login-guard/login-guard.module.js';
import { MailedTokensModule } from './mailed-tokens/mailed-tokens.module.js';
import { PasskeysModule } from './passkeys/passkeys.module.js';
import { PasswordsModule } from './passwords/passwords.module.js';
import { PersonalTokensModule } from './personal-tokens/personal-tokens.module.js';
import { RevocationsModule } from './revocations/revocations.module.js';
import { SecondFactorsModule } from './second-factors/second-factors.module.js';
import { SessionsModule } from './sessions/sessions.module.js';
import { StepUpModule } from './step-up/step-up.module.js';
import { TokensModule } from './tokens/tokens.module.js';
import { TotpModule } from './totp/totp.module.js';

const ROOMS = [
  HashingModule,
  RevocationsModule,
  LoginGuardModule,
  TokensModule,
  SessionsModule,
  MailedTokensModule,
  SecondFactorsModule,
  TotpModule,
  StepUpModule,
  DeletionModule,
  EmailsModule,
  PasswordsModule,
  LoginModule,
  PasskeysModule,
  EmailLoginModule,
  PersonalTokensModule,
];

@Module({ imports: ROOMS, exports: ROOMS })
export class AuthModule {}
