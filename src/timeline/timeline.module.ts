/** The timeline: what people post, whom they follow, and what of it they read. */
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';

import { AuditModule } from '../audit/audit.module.js';
import { Block } from './block.entity.js';
import { Follow } from './follow.entity.js';
import { FollowsService } from './follows.service.js';
import { Mute } from './mute.entity.js';
import { NewPosts } from './new-posts.js';
import { Post } from './post.entity.js';
import { PostsController } from './posts.controller.js';
import { PostsService } from './posts.service.js';
import { ProfilesController } from './profiles.controller.js';
import { ProfilesService } from './profiles.service.js';
import { UserStats } from './user-stats.entity.js';

@Module({
  imports: [AuditModule, TypeOrmModule.forFeature([Post, Follow, Mute, Block, UserStats])],
  controllers: [PostsController, ProfilesController],
  providers: [PostsService, ProfilesService, FollowsService, NewPosts],
  exports: [PostsService],
})
export class TimelineModule {}
