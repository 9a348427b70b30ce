/** Access and refresh tokens, their keys, and the guard. */
import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { PassportModule } from '@nestjs/passport';

import { Clock } from '../../common/clock.js';
import { LOGGER } from '../../common/logger.js';
import { CONFIG } from '../../config/config.module.js';
import { RevocationsModule } from '../revocations/revocations.module.js';
import { AccessTokens } from './access-tokens.js';
import { AuthGuard } from './auth.guard.js';
import { JwksController } from './jwks.controller.js';
import { JwtStrategy } from './jwt.strategy.js';
import { RefreshTokens } from './refresh-tokens.js';
import { SigningKeys, signingKeysOf } from './signing-keys.js';

@Module({
  imports: [JwtModule.register({}), PassportModule, RevocationsModule],
  controllers: [JwksController],
  providers: [
    { provide: SigningKeys, inject: [CONFIG, LOGGER, Clock], useFactory: signingKeysOf },
    AccessTokens,
    RefreshTokens,
    JwtStrategy,
    AuthGuard,
  ],
  exports: [AccessTokens, AuthGuard, RefreshTokens],
})
export class TokensModule {}
