import { Body, Controller, Delete, Get, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { CurrentUser, type Principal } from '../common/access.js';
import { BigintIdPipe } from '../http/id.pipe.js';
import { MessageResponse } from '../http/message.dto.js';
import { Answers } from '../http/openapi.js';
import { originOf } from '../common/origin.js';
import { CreatePostRequest, ListPostsQuery, PostResponse, presentPost } from './posts.dto.js';
import { PostsService } from './posts.service.js';

const PostId = (): ParameterDecorator => Param('post_id', new BigintIdPipe('post_not_found'));
const PostIdInPath = (): MethodDecorator =>
  ApiParam({ name: 'post_id', schema: { type: 'string', pattern: '^[1-9][0-9]{0,18}$' } });

@ApiTags('Timeline')
@Controller()
export class PostsController {
  constructor(private readonly posts: PostsService) {}

  /** Posts something. */
  @Post('posts')
  @Answers({ status: 201, type: PostResponse })
  async create(@CurrentUser() principal: Principal, @Body() { text }: CreatePostRequest): Promise<PostResponse> {
    return presentPost(await this.posts.create(principal, text));
  }

  /** One post. */
  @Get('posts/:post_id')
  @PostIdInPath()
  @Answers({ status: 200, type: PostResponse, errors: [404] })
  async get(@CurrentUser() principal: Principal, @PostId() id: string): Promise<PostResponse> {
    return presentPost(await this.posts.get(principal, id));
  }

  /** Deletes a post of the caller's; moderators delete anybody's. */
  @Delete('posts/:post_id')
  @PostIdInPath()
  @Answers({ status: 200, type: MessageResponse, errors: [403, 404] })
  async delete(
    @CurrentUser() principal: Principal,
    @PostId() id: string,
    @Req() request: FastifyRequest,
  ): Promise<MessageResponse> {
    await this.posts.delete(principal, id, originOf(request));
    return { message: 'Post deleted successfully' };
  }

  /**
   * The newest posts of the people whom the caller follows and has not muted, and their own, in keyset pages; the next
   * page is in the `Link` header.
   */
  @Get('timeline')
  @Answers({ status: 200, type: [PostResponse], paged: true })
  async timeline(
    @CurrentUser() principal: Principal,
    @Query() { cursor, limit }: ListPostsQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PostResponse[]> {
    return (await this.posts.timeline(principal, { cursor, limit })).present(reply, presentPost);
  }
}
