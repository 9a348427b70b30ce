import { Body, Controller, Delete, Get, Param, Post, Query, Res } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';

import { CurrentUser, type Principal, Scoped } from '../../common/access.js';
import { BigintIdPipe } from '../../http/input/id.pipe.js';
import { MessageResponse } from '../../http/openapi/message.dto.js';
import { Answers } from '../../http/openapi/answers.js';
import { type About, AboutPerson, UsernameInPath } from '../people/person.decorator.js';
import { CreatePostRequest, ListPostsQuery, PostResponse, presentPost } from './posts.dto.js';
import { PostsService } from './posts.service.js';
import { type Actor, From } from '../../common/actor.js';
import { Idempotent, type IdempotentRequest } from '../../idempotency/idempotent-request.js';

const PostId = (): ParameterDecorator => Param('post_id', new BigintIdPipe('post_not_found'));
const PostIdInPath = (): MethodDecorator =>
  ApiParam({ name: 'post_id', schema: { type: 'string', pattern: '^[1-9][0-9]{0,18}$', maxLength: 19 } });

@ApiTags('Timeline')
@Controller()
@Scoped('posts')
export class PostsController {
  constructor(private readonly posts: PostsService) {}

  /** Posts something. */
  @Post('posts')
  @Answers({ status: 201, type: PostResponse })
  async createPost(
    @CurrentUser() principal: Principal,
    @Body() { text }: CreatePostRequest,
    @Idempotent() request: IdempotentRequest,
  ): Promise<PostResponse> {
    return this.posts.create(principal, text, request);
  }

  /** One post. */
  @Get('posts/:post_id')
  @PostIdInPath()
  @Answers({ status: 200, type: PostResponse, errors: ['post_not_found'] })
  async getPost(@CurrentUser() principal: Principal, @PostId() id: string): Promise<PostResponse> {
    return presentPost(await this.posts.get(principal, id));
  }

  /** Deletes a post of the caller's; moderators delete anybody's. */
  @Delete('posts/:post_id')
  @PostIdInPath()
  @Answers({ status: 200, type: MessageResponse, errors: ['post_forbidden', 'post_not_found'] })
  async deletePost(@From() actor: Actor, @PostId() id: string): Promise<MessageResponse> {
    await this.posts.delete(actor, id);
    return { message: 'Post deleted successfully' };
  }

  /**
   * The newest posts of the people whom the caller follows and has not muted, and their own, in keyset pages; the next
   * page is in the `Link` header.
   */
  @Get('timeline')
  @Scoped('timeline')
  @Answers({ status: 200, type: [PostResponse], paged: true })
  async listTimeline(
    @CurrentUser() principal: Principal,
    @Query() { cursor, limit }: ListPostsQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PostResponse[]> {
    return (await this.posts.timeline(principal, { cursor, limit })).present(reply, presentPost);
  }

  /** What somebody posted, the newest first, in keyset pages. */
  @Get('users/:username/posts')
  @UsernameInPath()
  @Answers({ status: 200, type: [PostResponse], errors: ['user_not_found'], paged: true })
  async listPersonPosts(
    @AboutPerson() about: About,
    @Query() { cursor, limit }: ListPostsQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PostResponse[]> {
    return (await this.posts.listOf(about, { cursor, limit })).present(reply, presentPost);
  }
}
