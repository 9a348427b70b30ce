import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';

import { Audit } from '../../audit/audit.js';
import { isStaff, type Principal } from '../../common/access.js';
import { AppError } from '../../common/errors.js';
import { Cursors, Page } from '../../common/pagination.js';
import { onCommit } from '../../database/transactions.js';
import { Idempotency } from '../../idempotency/idempotency.js';
import type { IdempotentRequest } from '../../idempotency/idempotent-request.js';
import { Reads } from '../../database/replicas/reads.js';
import type { About } from '../people/person.decorator.js';
import { selectTimelinePage } from './feed.query.js';
import { presentPost, type PostResponse } from './posts.dto.js';
import { NewPosts } from './new-posts.js';
import {
  deletePost,
  insertPost,
  type ListedPost,
  restorePost,
  selectAnyPost,
  selectPost,
  selectPostsOf,
} from './posts.query.js';
import { PeopleService } from '../people/people.service.js';
import type { Viewing } from '../people/viewing.query.js';
import type { Actor } from '../../common/actor.js';

export interface PostsPage {
  readonly cursor: string | undefined;
  readonly limit: number;
}

@Injectable()
export class PostsService {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    private readonly reads: Reads,
    private readonly audit: Audit,
    private readonly profiles: PeopleService,
    private readonly newPosts: NewPosts,
    private readonly cursors: Cursors,
    private readonly idempotency: Idempotency,
  ) {}

  create({ userId }: Principal, text: string, request: IdempotentRequest): Promise<PostResponse> {
    return this.idempotency.statement(request, async (db) => {
      const post = await insertPost(db, { authorId: userId, text });
      if (!post) throw new AppError('invalid_token');
      onCommit(db, () => {
        this.newPosts.announce();
      });
      return presentPost(post);
    });
  }

  /** @throws AppError `post_not_found`, also for a block in either direction */
  async get(principal: Principal, id: string): Promise<ListedPost> {
    const post = await selectPost(this.database.manager, id, this.viewing(principal));
    if (!post) throw new AppError('post_not_found');
    return post;
  }

  /** Staff delete others' posts, with an audit event. @throws AppError `post_not_found`, `post_forbidden` */
  async delete(actor: Actor, id: string): Promise<void> {
    const { principal } = actor;
    const { userId } = principal;
    const authorId = await this.database.transaction(async (tx) => {
      const any = isStaff(principal);
      const authorId = await deletePost(tx, { id, deleterId: userId, any });
      if (authorId !== undefined && authorId !== userId) {
        const event = { action: 'post.deleted', actorId: userId, subjectId: authorId, after: { post: id } } as const;
        await this.audit.record(tx, actor, [event]);
      }
      return authorId;
    });
    if (authorId !== undefined) return;
    await this.get(principal, id);
    throw new AppError('post_forbidden');
  }

  /** Idempotent; not for posts deleted by their author. @throws AppError `post_not_found` */
  async restore(actor: Actor, id: string): Promise<ListedPost> {
    const { userId } = actor.principal;
    return this.database.transaction(async (tx) => {
      const restored = await restorePost(tx, id);
      const post = await selectAnyPost(tx, id);
      if (!post) throw new AppError('post_not_found');
      if (restored) {
        const event = {
          action: 'post.restored',
          actorId: userId,
          subjectId: post.authorId,
          after: { post: id },
        } as const;
        await this.audit.record(tx, actor, [event]);
      }
      return post;
    });
  }

  async listOf(about: About, { cursor, limit }: PostsPage): Promise<Page<ListedPost>> {
    const db = this.reads.for(about.principal, cursor);
    const { id: authorId } = await this.profiles.requireVisible(about, db);
    const scope = `posts of ${authorId}`;
    const page = { authorId, before: this.before(scope, cursor), limit: limit + 1 };
    return this.cut(scope, await selectPostsOf(db, page), limit);
  }

  async timeline(principal: Principal, { cursor, limit }: PostsPage): Promise<Page<ListedPost>> {
    const scope = `timeline ${principal.userId}`;
    const page = { ...this.viewing(principal), before: this.before(scope, cursor), limit: limit + 1 };
    return this.cut(scope, await selectTimelinePage(this.reads.for(principal, cursor), page), limit);
  }

  private before(scope: string, cursor: string | undefined): string | undefined {
    return cursor === undefined ? undefined : String(this.cursors.decode(scope, cursor)[0]);
  }

  private cut(scope: string, rows: readonly ListedPost[], limit: number): Page<ListedPost> {
    return Page.cut(rows, limit, ({ id }) => this.cursors.encode(scope, [id]));
  }

  private viewing(principal: Principal): Viewing {
    return { viewerId: principal.userId, isStaff: isStaff(principal) };
  }
}
