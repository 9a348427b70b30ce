/** Who is asking: registration, passwords, sessions and their tokens. */
import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { PassportModule } from '@nestjs/passport';
import { TypeOrmModule } from '@nestjs/typeorm';

import { AuditModule } from '../audit/audit.module.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { ListenerModule } from '../database/listener.module.js';
import { TokenWatch } from '../common/access.js';
import { Clock } from '../common/clock.js';
import { LOGGER } from '../common/logger.js';
import { MailModule } from '../mail/mail.module.js';
import { UsersModule } from '../users/users.module.js';
import { AccountDeletion } from './account-deletion.js';
import { AccountPagesController } from './account-pages.controller.js';
import { AccountToken } from './account-token.entity.js';
import { AccountTokens } from './account-tokens.js';
import { AuthController } from './auth.controller.js';
import { AuthService } from './auth.service.js';
import { Cleanup } from './cleanup.js';
import { CurrentPassword } from './current-password.js';
import { EmailChange } from './email-change.js';
import { EmailChangeController } from './email-change.controller.js';
import { EmailConfirmation } from './email-confirmation.js';
import { FormerAddresses } from './former-addresses.js';
import { hashesAtOnce, HashQueue } from './hash-queue.js';
import { Invitations } from './invitations.js';
import { JwksController } from './jwks.controller.js';
import { JwtStrategy } from './jwt.strategy.js';
import { KnownAddress } from './known-address.entity.js';
import { KnownAddresses } from './known-addresses.js';
import { LoginFailure } from './login-failure.entity.js';
import { LoginGuard } from './login-guard.js';
import { Oversight } from './oversight.js';
import { PasswordChange } from './password-change.js';
import { PasswordRecovery } from './password-recovery.js';
import { Passwords } from './passwords.js';
import { PendingDeletions } from './pending-deletions.js';
import { RevocationPoll } from './revocation-poll.js';
import { RevocationsController } from './revocations.controller.js';
import { Revocations } from './revocations.js';
import { Session } from './session.entity.js';
import { SessionsController } from './sessions.controller.js';
import { Sessions } from './sessions.js';
import { SigningKeys, signingKeysOf } from './signing-keys.js';
import { AccessTokens, RefreshTokens } from './tokens.js';

@Module({
  imports: [
    UsersModule,
    MailModule,
    AuditModule,
    PassportModule,
    JwtModule.register({}),
    ListenerModule,
    TypeOrmModule.forFeature([Session, LoginFailure, KnownAddress, AccountToken]),
  ],
  controllers: [
    AuthController,
    EmailChangeController,
    SessionsController,
    RevocationsController,
    JwksController,
    AccountPagesController,
  ],
  providers: [
    AuthService,
    AccountDeletion,
    AccountTokens,
    Cleanup,
    CurrentPassword,
    EmailChange,
    EmailConfirmation,
    FormerAddresses,
    { provide: HashQueue, inject: [CONFIG], useFactory: hashQueueOf },
    Invitations,
    KnownAddresses,
    LoginGuard,
    Passwords,
    PasswordChange,
    PasswordRecovery,
    Oversight,
    PendingDeletions,
    Sessions,
    Revocations,
    RevocationPoll,
    { provide: TokenWatch, useExisting: Revocations },
    { provide: SigningKeys, inject: [CONFIG, LOGGER, Clock], useFactory: signingKeysOf },
    AccessTokens,
    RefreshTokens,
    JwtStrategy,
  ],
  exports: [
    AccountDeletion,
    Invitations,
    JwtStrategy,
    KnownAddresses,
    LoginGuard,
    Oversight,
    Passwords,
    Revocations,
    Sessions,
    TokenWatch,
  ],
})
export class AuthModule {}

function hashQueueOf({ passwords }: Config): HashQueue {
  return new HashQueue({ concurrency: hashesAtOnce(passwords.threads) });
}
