/** Who is asking: registration, passwords, sessions and their tokens. */
import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { PassportModule } from '@nestjs/passport';
import { TypeOrmModule } from '@nestjs/typeorm';

import { UsersModule } from '../users/users.module.js';
import { AuthController } from './auth.controller.js';
import { AuthService } from './auth.service.js';
import { Cleanup } from './cleanup.js';
import { HashQueue } from './hash-queue.js';
import { JwksController } from './jwks.controller.js';
import { JwtStrategy } from './jwt.strategy.js';
import { KnownAddress } from './known-address.entity.js';
import { KnownAddresses } from './known-addresses.js';
import { LoginFailure } from './login-failure.entity.js';
import { LoginGuard } from './login-guard.js';
import { Passwords } from './passwords.js';
import { Revocation } from './revocation.entity.js';
import { Revocations } from './revocations.js';
import { Session } from './session.entity.js';
import { SessionsController } from './sessions.controller.js';
import { Sessions } from './sessions.js';
import { AccessTokens, RefreshTokens } from './tokens.js';

@Module({
  imports: [
    UsersModule,
    PassportModule,
    JwtModule.register({}),
    TypeOrmModule.forFeature([Session, Revocation, LoginFailure, KnownAddress]),
  ],
  controllers: [AuthController, SessionsController, JwksController],
  providers: [
    AuthService,
    Cleanup,
    { provide: HashQueue, useFactory: () => new HashQueue() },
    KnownAddresses,
    LoginGuard,
    Passwords,
    Sessions,
    Revocations,
    AccessTokens,
    RefreshTokens,
    JwtStrategy,
  ],
  exports: [JwtStrategy],
})
export class AuthModule {}
