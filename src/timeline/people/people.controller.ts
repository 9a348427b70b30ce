import { Controller, Delete, Get, HttpCode, Put, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';

import { CurrentUser, type Principal, Scoped } from '../../common/access.js';
import { Answers } from '../../http/openapi/answers.js';
import { type About, AboutPerson, UsernameInPath } from './person.decorator.js';
import { FollowsService } from './follows.service.js';
import {
  ListPeopleQuery,
  PersonResponse,
  presentPerson,
  presentProfile,
  ProfileResponse,
  SearchPeopleQuery,
} from './people.dto.js';
import { PeopleService } from './people.service.js';

@ApiTags('Timeline')
@Controller('users')
@Scoped('people')
export class PeopleController {
  constructor(
    private readonly people: PeopleService,
    private readonly follows: FollowsService,
  ) {}

  /** Finds people by username and name, in the order of usernames, in keyset pages. */
  @Get()
  @Answers({ status: 200, type: [PersonResponse], paged: true })
  async searchPeople(
    @CurrentUser() principal: Principal,
    @Query() { q, cursor, limit }: SearchPeopleQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PersonResponse[]> {
    return (await this.people.search(principal, q, { cursor, limit })).present(reply, presentPerson);
  }

  /** Whom the caller has muted, the newest first, in keyset pages. */
  @Get('me/mutes')
  @Answers({ status: 200, type: [PersonResponse], paged: true })
  async listMutes(
    @CurrentUser() principal: Principal,
    @Query() { cursor, limit }: ListPeopleQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PersonResponse[]> {
    return (await this.people.listOwn(principal, 'mutes', { cursor, limit })).present(reply, presentPerson);
  }

  /** Whom the caller has blocked, the newest first, in keyset pages. */
  @Get('me/blocks')
  @Answers({ status: 200, type: [PersonResponse], paged: true })
  async listBlocks(
    @CurrentUser() principal: Principal,
    @Query() { cursor, limit }: ListPeopleQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PersonResponse[]> {
    return (await this.people.listOwn(principal, 'blocks', { cursor, limit })).present(reply, presentPerson);
  }

  /** Somebody, with exact counts; whoever has blocked the caller is not there. */
  @Get(':username')
  @UsernameInPath()
  @Answers({ status: 200, type: ProfileResponse, errors: ['user_not_found'] })
  async getPerson(@AboutPerson() about: About): Promise<ProfileResponse> {
    return presentProfile(await this.people.get(about));
  }

  /** Who follows somebody, the newest first, in keyset pages. */
  @Get(':username/followers')
  @UsernameInPath()
  @Answers({ status: 200, type: [PersonResponse], errors: ['user_not_found'], paged: true })
  async listFollowers(
    @AboutPerson() about: About,
    @Query() { cursor, limit }: ListPeopleQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PersonResponse[]> {
    const page = await this.people.listAround(about, 'followers', { cursor, limit });
    return page.present(reply, presentPerson);
  }

  /** Whom somebody follows, the newest first, in keyset pages. */
  @Get(':username/following')
  @UsernameInPath()
  @Answers({ status: 200, type: [PersonResponse], errors: ['user_not_found'], paged: true })
  async listFollowing(
    @AboutPerson() about: About,
    @Query() { cursor, limit }: ListPeopleQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PersonResponse[]> {
    const page = await this.people.listAround(about, 'following', { cursor, limit });
    return page.present(reply, presentPerson);
  }

  /** Follows somebody: from now on their posts are in the caller's timeline. At most 5,000 people. */
  @Put(':username/follow')
  @UsernameInPath()
  @HttpCode(204)
  @Answers({ status: 204, errors: ['user_blocked', 'user_not_found', 'not_oneself', 'follow_limit_reached'] })
  async followPerson(@AboutPerson() about: About): Promise<void> {
    await this.follows.follow(about);
  }

  /** Follows somebody no more. */
  @Delete(':username/follow')
  @UsernameInPath()
  @HttpCode(204)
  @Answers({ status: 204, errors: ['user_not_found'] })
  async unfollowPerson(@AboutPerson() about: About): Promise<void> {
    await this.follows.unfollow(about);
  }

  /** Keeps somebody's posts out of the caller's timeline; a follow stays, and they are not told. */
  @Put(':username/mute')
  @UsernameInPath()
  @HttpCode(204)
  @Answers({ status: 204, errors: ['user_not_found', 'not_oneself'] })
  async mutePerson(@AboutPerson() about: About): Promise<void> {
    await this.follows.mute(about);
  }

  /** Lets them in again. */
  @Delete(':username/mute')
  @UsernameInPath()
  @HttpCode(204)
  @Answers({ status: 204, errors: ['user_not_found'] })
  async unmutePerson(@AboutPerson() about: About): Promise<void> {
    await this.follows.unmute(about);
  }

  /** Blocks somebody: neither follows the other any more or can, and each is hidden from the other. */
  @Put(':username/block')
  @UsernameInPath()
  @HttpCode(204)
  @Answers({ status: 204, errors: ['user_not_found', 'not_oneself'] })
  async blockPerson(@AboutPerson() about: About): Promise<void> {
    await this.follows.block(about);
  }

  /** Unblocks somebody; the follows that the block has ended stay ended. */
  @Delete(':username/block')
  @UsernameInPath()
  @HttpCode(204)
  @Answers({ status: 204, errors: ['user_not_found'] })
  async unblockPerson(@AboutPerson() about: About): Promise<void> {
    await this.follows.unblock(about);
  }
}
