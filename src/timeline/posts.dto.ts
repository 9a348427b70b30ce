/** Posts on the wire. */
import { ApiProperty } from '@nestjs/swagger';

import { isoTimestamp } from '../common/timestamps.js';
import type { ListedPost } from './posts.query.js';

export class PostAuthor {
  /** UUID. */
  id: string;
  username: string;
}

export class PostResponse {
  /** In decimal: more than a JavaScript number holds. */
  @ApiProperty({ pattern: '^[1-9][0-9]*$' })
  id: string;
  author: PostAuthor;
  text: string;
  @ApiProperty({ format: 'date-time' })
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
