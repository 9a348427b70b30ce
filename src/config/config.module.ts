/** Gives every module the configuration, the clock, randomness and the logger. */
import { type DynamicModule, Global, Module } from '@nestjs/common';
import type { Logger } from 'pino';

import { Activity, Jobs } from '../common/schedule.js';
import { Clock } from '../common/clock.js';
import { LOGGER } from '../common/logger.js';
import { Measures } from '../common/registries/measures.js';
import { Cursors } from '../common/pagination.js';
import { PersonalDataRegistry } from '../common/personal-data.js';
import { Random } from '../common/random.js';
import type { Config } from './config.js';
import { deriveKey } from '../common/crypto.js';

export const CONFIG = Symbol('Config');

function cursorsOf({ secret, previousSecret }: Config['tokens']): Cursors {
  const previous = previousSecret === undefined ? [] : [deriveKey(previousSecret, 'cursor')];
  return new Cursors([deriveKey(secret, 'cursor'), ...previous]);
}

@Global()
@Module({})
export class ConfigModule {
  static with(config: Config, logger: Logger, clock = new Clock()): DynamicModule {
    return {
      module: ConfigModule,
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: LOGGER, useValue: logger },
        { provide: Cursors, useValue: cursorsOf(config.tokens) },
        { provide: Clock, useValue: clock },
        Activity,
        { provide: Jobs, inject: [Activity], useFactory: (activity: Activity) => new Jobs(activity, config.runsJobs) },
        Measures,
        PersonalDataRegistry,
        Random,
      ],
      exports: [Activity, Jobs, CONFIG, LOGGER, Cursors, Clock, Measures, PersonalDataRegistry, Random],
    };
  }
}
