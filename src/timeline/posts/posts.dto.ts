/** Posts on the wire. */

import { PAGE_LIMIT } from '../../common/pagination.js';
import { hasAtMostGraphemes, isBlank } from '../../common/text.js';
import { Exported } from '../../common/personal-data.js';
import { isoTimestamp } from '../../common/timestamps.js';
import { PageQuery } from '../../http/input/page-query.dto.js';
import { Field, OptionalNotNull, QueryInteger } from '../../http/input/validation.js';
import { USERNAME } from '../../users/fields.js';
import type { KeptPost, ListedPost } from './posts.query.js';
import { ApiBigint, ApiText, ApiTime, ApiUuid } from '../../http/openapi/fields.js';

/** A screen of posts. */
const SCREEN = { min: 1, max: PAGE_LIMIT.max, default: 20 };

const TEXT = { max: 280, maxBytes: 8_000 };

export class CreatePostRequest {
  /** 1 to 280 characters as a person counts them (grapheme clusters), at most 8,000 bytes in UTF-8, not blank; stored as it is. */
  @Field(
    { type: 'string', minLength: 1, maxLength: TEXT.maxBytes },
    { code: 'wrong_type', detail: 'must be a string', holds: (value) => typeof value === 'string' },
    { code: 'too_short', detail: 'must not be empty', holds: (value) => value !== '' },
    {
      code: 'too_long',
      detail: `must have at most ${TEXT.max} characters and ${TEXT.maxBytes} bytes in UTF-8`,
      // Bytes first: they are cheap to count.
      holds: (value) =>
        Buffer.byteLength(value as string) <= TEXT.maxBytes && hasAtMostGraphemes(value as string, TEXT.max),
    },
    { code: 'blank', detail: 'must not be blank', holds: (value) => !isBlank(value as string) },
  )
  text: string;
}

export class ListPostsQuery extends PageQuery {
  /** Posts a page. */
  @OptionalNotNull()
  @QueryInteger(SCREEN)
  override limit: number = SCREEN.default;
}

export class PostAuthor {
  @ApiUuid()
  id: string;
  @ApiText(USERNAME.max)
  username: string;
}

export class PostResponse {
  /** A whole number in decimal, larger than JavaScript's numbers may hold; later posts have larger ones. */
  @ApiBigint()
  id: string;
  author: PostAuthor;
  @ApiText(TEXT.maxBytes)
  text: string;
  @ApiTime()
  created_at: string;
}

export function presentPost(post: ListedPost): PostResponse {
  return {
    id: post.id,
    author: { id: post.authorId, username: post.username },
    text: post.text,
    created_at: isoTimestamp(post.createdAt),
  };
}

/** A post of the caller's, which may be deleted. */
@Exported('posts')
export class ExportedPost {
  @ApiBigint()
  id: string;
  @ApiText(TEXT.maxBytes)
  text: string;
  @ApiTime()
  created_at: string;
  @ApiTime({ nullable: true })
  deleted_at: string | null;
}

export function presentKeptPost({ id, text, createdAt, deletedAt }: KeptPost): ExportedPost {
  const deleted_at = deletedAt === null ? null : isoTimestamp(deletedAt);
  return { id, text, created_at: isoTimestamp(createdAt), deleted_at };
}
