/** Accounts. Authentication is in `auth/`. */
import { Module } from '@nestjs/common';

import { AuditModule } from '../audit/audit.module.js';
import { MeController } from './me.controller.js';
import { UsersService } from './users.service.js';

@Module({
  imports: [AuditModule],
  controllers: [MeController],
  providers: [UsersService],
  exports: [UsersService],
})
export class UsersModule {}
