/** What moderators and admins may do: thin controllers over the services of the nouns. */
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';

import { AuditModule } from '../audit/audit.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { TimelineModule } from '../timeline/timeline.module.js';
import { UsersModule } from '../users/users.module.js';
import { AdminPostsController } from './admin-posts.controller.js';
import { AdminController } from './admin.controller.js';
import { AdminUsersController } from './admin-users.controller.js';
import { Admins } from './admins.js';
import { DailyCount } from './daily-count.entity.js';
import { FirstAdmin } from './first-admin.js';

@Module({
  imports: [AuditModule, AuthModule, TimelineModule, TypeOrmModule.forFeature([DailyCount]), UsersModule],
  controllers: [AdminController, AdminUsersController, AdminPostsController],
  providers: [Admins, FirstAdmin],
})
export class AdminModule {}
