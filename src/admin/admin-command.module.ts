/** The modules of `npm run admin`, which runs beside a Roost or without one. */
import { type DynamicModule, Module } from '@nestjs/common';
import type { Logger } from 'pino';

import { AuditModule } from '../audit/audit.module.js';
import { HashingModule } from '../auth/hashing/hashing.module.js';
import type { Config } from '../config/config.js';
import { ConfigModule } from '../config/config.module.js';
import { DatabaseModule } from '../database/database.module.js';
import { UsersModule } from '../users/users.module.js';
import { Admins } from './admins.js';

@Module({})
export class AdminCommandModule {
  static with(config: Config, databaseUrl: string, logger: Logger): DynamicModule {
    return {
      module: AdminCommandModule,
      imports: [
        ConfigModule.with(config, logger),
        DatabaseModule.with(config, databaseUrl, logger),
        AuditModule,
        HashingModule,
        UsersModule,
      ],
      providers: [Admins],
    };
  }
}
