/** Accounts: who exists. What proves who is asking is in `auth/`. */
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';

import { FormerAddress } from './former-address.entity.js';
import { User } from './user.entity.js';
import { UsersService } from './users.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([User, FormerAddress])],
  providers: [UsersService],
  exports: [UsersService],
})
export class UsersModule {}
