/** Whom people follow, mute and block, and their profiles. */
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';

import { Block } from './block.entity.js';
import { Follow } from './follow.entity.js';
import { FollowsService } from './follows.service.js';
import { Mute } from './mute.entity.js';
import { PeopleController } from './people.controller.js';
import { PeopleService } from './people.service.js';
import { UserStats } from './user-stats.entity.js';

@Module({
  imports: [TypeOrmModule.forFeature([Follow, Mute, Block, UserStats])],
  controllers: [PeopleController],
  providers: [PeopleService, FollowsService],
  exports: [PeopleService],
})
export class PeopleModule {}
