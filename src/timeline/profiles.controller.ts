import { Controller, Delete, Get, HttpCode, Put, Query, Res } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';

import { CurrentUser, type Principal } from '../common/access.js';
import { Answers } from '../http/openapi.js';
import { type About, AboutPerson } from './about.js';
import { FollowsService } from './follows.service.js';
import { ListPostsQuery, PostResponse, presentPost } from './posts.dto.js';
import { PostsService } from './posts.service.js';
import {
  ListPeopleQuery,
  PersonResponse,
  presentPerson,
  presentProfile,
  ProfileResponse,
  SearchPeopleQuery,
} from './profiles.dto.js';
import { ProfilesService } from './profiles.service.js';

const UsernameInPath = (): MethodDecorator =>
  ApiParam({ name: 'username', schema: { type: 'string', pattern: '^[A-Za-z0-9_]{3,30}$' } });

@ApiTags('Timeline')
@Controller('users')
export class ProfilesController {
  constructor(
    private readonly profiles: ProfilesService,
    private readonly follows: FollowsService,
    private readonly posts: PostsService,
  ) {}

  /** Finds people by username and name, in the order of usernames, in keyset pages. */
  @Get()
  @Answers({ status: 200, type: [PersonResponse], paged: true })
  async search(
    @CurrentUser() principal: Principal,
    @Query() { q, cursor, limit }: SearchPeopleQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PersonResponse[]> {
    return (await this.profiles.search(principal, q, { cursor, limit })).present(reply, presentPerson);
  }

  /** Whom the caller has muted, the newest first, in keyset pages. */
  @Get('me/mutes')
  @Answers({ status: 200, type: [PersonResponse], paged: true })
  async listMutes(
    @CurrentUser() principal: Principal,
    @Query() { cursor, limit }: ListPeopleQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PersonResponse[]> {
    return (await this.profiles.listOwn(principal, 'mutes', { cursor, limit })).present(reply, presentPerson);
  }

  /** Whom the caller has blocked, the newest first, in keyset pages. */
  @Get('me/blocks')
  @Answers({ status: 200, type: [PersonResponse], paged: true })
  async listBlocks(
    @CurrentUser() principal: Principal,
    @Query() { cursor, limit }: ListPeopleQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PersonResponse[]> {
    return (await this.profiles.listOwn(principal, 'blocks', { cursor, limit })).present(reply, presentPerson);
  }

  /** Somebody, with exact counts; whoever has blocked the caller is not there. */
  @Get(':username')
  @UsernameInPath()
  @Answers({ status: 200, type: ProfileResponse, errors: [404] })
  async get(@AboutPerson() about: About): Promise<ProfileResponse> {
    return presentProfile(await this.profiles.get(about));
  }

  /** What somebody posted, the newest first, in keyset pages. */
  @Get(':username/posts')
  @UsernameInPath()
  @Answers({ status: 200, type: [PostResponse], errors: [404], paged: true })
  async listPosts(
    @AboutPerson() about: About,
    @Query() { cursor, limit }: ListPostsQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PostResponse[]> {
    return (await this.posts.listOf(about, { cursor, limit })).present(reply, presentPost);
  }

  /** Who follows somebody, the newest first, in keyset pages. */
  @Get(':username/followers')
  @UsernameInPath()
  @Answers({ status: 200, type: [PersonResponse], errors: [404], paged: true })
  async listFollowers(
    @AboutPerson() about: About,
    @Query() { cursor, limit }: ListPeopleQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PersonResponse[]> {
    const page = await this.profiles.listAround(about, 'followers', { cursor, limit });
    return page.present(reply, presentPerson);
  }

  /** Whom somebody follows, the newest first, in keyset pages. */
  @Get(':username/following')
  @UsernameInPath()
  @Answers({ status: 200, type: [PersonResponse], errors: [404], paged: true })
  async listFollowing(
    @AboutPerson() about: About,
    @Query() { cursor, limit }: ListPeopleQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PersonResponse[]> {
    const page = await this.profiles.listAround(about, 'following', { cursor, limit });
    return page.present(reply, presentPerson);
  }

  /** Follows somebody: from now on their posts are in the caller's timeline. At most 5,000 people. */
  @Put(':username/follow')
  @UsernameInPath()
  @HttpCode(204)
  @Answers({ status: 204, errors: [403, 404, 422] })
  async follow(@AboutPerson() about: About): Promise<void> {
    await this.follows.follow(about);
  }

  /** Follows somebody no more. */
  @Delete(':username/follow')
  @UsernameInPath()
  @HttpCode(204)
  @Answers({ status: 204, errors: [404] })
  async unfollow(@AboutPerson() about: About): Promise<void> {
    await this.follows.unfollow(about);
  }

  /** Keeps somebody's posts out of the caller's timeline; a follow stays, and they are not told. */
  @Put(':username/mute')
  @UsernameInPath()
  @HttpCode(204)
  @Answers({ status: 204, errors: [404, 422] })
  async mute(@AboutPerson() about: About): Promise<void> {
    await this.follows.mute(about);
  }

  /** Lets them in again. */
  @Delete(':username/mute')
  @UsernameInPath()
  @HttpCode(204)
  @Answers({ status: 204, errors: [404] })
  async unmute(@AboutPerson() about: About): Promise<void> {
    await this.follows.unmute(about);
  }

  /** Blocks somebody: neither follows the other any more or can, and each is hidden from the other. */
  @Put(':username/block')
  @UsernameInPath()
  @HttpCode(204)
  @Answers({ status: 204, errors: [404, 422] })
  async block(@AboutPerson() about: About): Promise<void> {
    await this.follows.block(about);
  }

  /** Unblocks somebody; the follows that the block has ended stay ended. */
  @Delete(':username/block')
  @UsernameInPath()
  @HttpCode(204)
  @Answers({ status: 204, errors: [404] })
  async unblock(@AboutPerson() about: About): Promise<void> {
    await this.follows.unblock(about);
  }
}
