/** Gives every module the configuration, the clock, randomness and the logger. */
import { type DynamicModule, Global, Module } from '@nestjs/common';
import type { Logger } from 'pino';

import { Clock } from '../common/clock.js';
import { LOGGER } from '../common/logger.js';
import { Cursors } from '../common/pagination.js';
import { Random } from '../common/random.js';
import type { Config } from './config.js';
import { deriveKey } from './keys.js';

export const CONFIG = Symbol('Config');

@Global()
@Module({})
export class ConfigModule {
  static with(config: Config, logger: Logger): DynamicModule {
    return {
      module: ConfigModule,
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: LOGGER, useValue: logger },
        { provide: Cursors, useValue: new Cursors(deriveKey(config.tokens.secret, 'cursor')) },
        Clock,
        Random,
      ],
      exports: [CONFIG, LOGGER, Cursors, Clock, Random],
    };
  }
}
