/** The timeline: what people post, whom they follow, and what of it they read. */
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';

import { Block } from './block.entity.js';
import { Follow } from './follow.entity.js';
import { Mute } from './mute.entity.js';
import { NewPosts } from './new-posts.js';
import { Post } from './post.entity.js';
import { UserStats } from './user-stats.entity.js';

@Module({
  imports: [TypeOrmModule.forFeature([Post, Follow, Mute, Block, UserStats])],
  providers: [NewPosts],
})
export class TimelineModule {}
