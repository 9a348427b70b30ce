import { Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';

import { Roles, Scoped } from '../../common/access.js';
import { type Actor, From } from '../../common/actor.js';
import { BigintIdPipe } from '../../http/input/id.pipe.js';
import { Answers } from '../../http/openapi/answers.js';
import { PostResponse, presentPost } from './posts.dto.js';
import { PostsService } from './posts.service.js';

@ApiTags('Administration')
@Controller('admin/posts')
@Roles('admin')
@Scoped('admin:posts')
export class AdminPostsController {
  constructor(private readonly posts: PostsService) {}

  /** Brings back a post that another than its author deleted. */
  @Post(':post_id/restore')
  @ApiParam({ name: 'post_id', schema: { type: 'string', pattern: '^[1-9][0-9]{0,18}$', maxLength: 19 } })
  @HttpCode(200)
  @Answers({ status: 200, type: PostResponse, errors: ['post_not_found'] })
  async restorePost(
    @From() actor: Actor,
    @Param('post_id', new BigintIdPipe('post_not_found')) id: string,
  ): Promise<PostResponse> {
    return presentPost(await this.posts.restore(actor, id));
  }
}
