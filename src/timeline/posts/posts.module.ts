/** Posts, and the home timeline that is made of them. */
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';

import { AuditModule } from '../../audit/audit.module.js';
import { PeopleModule } from '../people/people.module.js';
import { NewPosts } from './new-posts.js';
import { Post } from './post.entity.js';
import { PostsController } from './posts.controller.js';
import { PostsService } from './posts.service.js';

@Module({
  imports: [AuditModule, PeopleModule, TypeOrmModule.forFeature([Post])],
  controllers: [PostsController],
  providers: [PostsService, NewPosts],
  exports: [PostsService],
})
export class PostsModule {}
