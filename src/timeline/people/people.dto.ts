/** People on the wire, as others see them. */

import { PAGE_LIMIT } from '../../common/pagination.js';
import { Exported } from '../../common/personal-data.js';
import { isoTimestamp } from '../../common/timestamps.js';
import { PageQuery } from '../../http/input/page-query.dto.js';
import { OptionalNotNull, QueryInteger, Text } from '../../http/input/validation.js';
import { USERNAME } from '../../users/fields.js';
import { BIO, DISPLAY_NAME } from '../../users/users.dto.js';
import type { KeptPerson, ListedPerson, Profile } from './people.query.js';
import { ApiCount, ApiText, ApiTime, ApiUuid } from '../../http/openapi/fields.js';

export class ListPeopleQuery extends PageQuery {
  /** People a page. */
  @OptionalNotNull()
  @QueryInteger({ min: 1, max: PAGE_LIMIT.max, default: PAGE_LIMIT.default })
  override limit: number = PAGE_LIMIT.default;
}

export class SearchPeopleQuery extends ListPeopleQuery {
  /**
   * Text in the username or the name, taken literally and without regard to case; what has no three letters or digits in a
   * row is found at the beginning only.
   */
  @Text({ min: 1, max: 50, blank: 'refused' })
  q: string;
}

class Person {
  @ApiUuid()
  id: string;
  @ApiText(USERNAME.max)
  username: string;
  @ApiText(DISPLAY_NAME.max, { nullable: true })
  display_name: string | null;
  @ApiText(BIO.max, { nullable: true })
  bio: string | null;
  /** Whether the caller follows them. */
  is_following: boolean;
}

/** Somebody in a list of people. */
export class PersonResponse extends Person {}

export function presentPerson({ id, username, displayName, bio, isFollowing }: ListedPerson): PersonResponse {
  return { id, username, display_name: displayName, bio, is_following: isFollowing };
}

/** Somebody, as the caller sees them. */
export class ProfileResponse extends Person {
  @ApiTime()
  created_at: string;
  @ApiCount()
  posts_count: number;
  @ApiCount()
  followers_count: number;
  @ApiCount()
  following_count: number;
  /** Whether the caller keeps them out of their timeline. */
  is_muted: boolean;
  /** Whether the caller has blocked them. */
  is_blocked: boolean;
}

export function presentProfile(profile: Profile): ProfileResponse {
  return {
    id: profile.id,
    username: profile.username,
    display_name: profile.displayName,
    bio: profile.bio,
    created_at: isoTimestamp(profile.createdAt),
    posts_count: profile.postsCount,
    followers_count: profile.followersCount,
    following_count: profile.followingCount,
    is_following: profile.isFollowing,
    is_muted: profile.isMuted,
    is_blocked: profile.isBlocked,
  };
}

/** Somebody in a list of the caller's. */
@Exported('following')
@Exported('followers')
@Exported('mutes')
@Exported('blocks')
export class ExportedPerson {
  @ApiUuid()
  id: string;
  @ApiText(USERNAME.max)
  username: string;
  @ApiTime()
  since: string;
}

export function presentKeptPerson({ id, username, since }: KeptPerson): ExportedPerson {
  return { id, username, since: isoTimestamp(since) };
}
