/** Reads new posts once for all streams of this instance and delivers them to followers. Idle without streams. */
import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Logger } from 'pino';
import { DataSource } from 'typeorm';

import { Revocations } from '../../auth/revocations/revocations.js';
import type { ErrorCode } from '../../common/error-codes.js';
import { AppError } from '../../common/errors.js';
import { LOGGER } from '../../common/logger.js';
import { Loop } from '../../common/loop.js';
import { Cursors } from '../../common/pagination.js';
import { Listener } from '../../database/listener.js';
import { TransactionIds } from '../../database/transaction-ids.js';
import { Audience, type Viewer } from './audience.js';
import { EVENT_STREAM_BOUNDS, frameOf } from './event-stream.js';
import { presentPost } from '../posts/posts.dto.js';
import { POSTS_CHANNEL } from '../posts/posts.query.js';
import { type Position, positionKey, positionOfKey, withPositions } from './stream-position.js';
import {
  type NewPost,
  readNewPosts,
  selectFollowers,
  selectFollowersAmong,
  selectMissedPosts,
  selectPosition,
  type StreamedPost,
} from './stream.query.js';

const EVERY_MS = 1_000;
/** Posts per read: one batch alone (8 kB each at most) does not reach the unread limit. */
const BATCH = 100;
/** Streams that catch up per turn, so that a thousand reconnects do not delay the others. */
const NEWCOMERS = 8;
/** Posts for the stream, posts of anybody, and bytes. Beyond these bounds, reloading the first page is cheaper. */
const MISSED = { posts: 500, scanned: 10_000, bytes: EVENT_STREAM_BOUNDS.unread / 2 };
const RETRY_MS = 1_000;

const SCOPE = 'timeline stream';

interface PositionedPost {
  readonly post: NewPost;
  readonly position: Position;
}

interface Newcomer {
  readonly viewer: Viewer;
  readonly lastEventId: string | undefined;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

@Injectable()
export class StreamReader implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private position: Position | undefined;
  private newcomers: Newcomer[] = [];
  private readonly loop = new Loop({
    pauseMs: () => EVERY_MS,
    run: () => this.read(),
    isDone: () => this.isUnwatched(),
  });
  private failing = false;

  constructor(
    @Inject(LOGGER) private readonly logger: Logger,
    @InjectDataSource() private readonly database: DataSource,
    private readonly listener: Listener,
    private readonly transactions: TransactionIds,
    private readonly audience: Audience,
    private readonly tokens: Revocations,
    private readonly cursors: Cursors,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const wake = (): void => {
      this.loop.wake();
    };
    await this.listener.listen({ channel: POSTS_CHANNEL, onNotification: wake, onReconnect: wake });
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.loop.ended();
  }

  get lastEventId(): string | undefined {
    return this.position && this.eventId(this.position);
  }

  /** @param lastEventId undefined: new posts only @throws AppError that ended the stream; a database error */
  admit(viewer: Viewer, lastEventId: string | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      this.newcomers.push({ viewer, lastEventId, resolve, reject });
      this.loop.wake();
      this.loop.start();
    });
  }

  private isUnwatched(): boolean {
    if (this.audience.size > 0 || this.newcomers.length > 0) return false;
    this.position = undefined;
    return true;
  }

  private async read(): Promise<void> {
    // Only streams that joined before the read: a client must not be ahead of this position.
    const waiting = Math.min(this.newcomers.length, NEWCOMERS);
    try {
      const now = await this.advance();
      if (now) await this.admitNewcomers(this.newcomers.splice(0, waiting), now);
      if (this.failing) this.logger.info({ event: 'stream_read' }, 'new posts are read again');
      this.failing = false;
    } catch (error) {
      for (const { reject } of this.newcomers.splice(0)) reject(error);
      if (!this.failing)
        this.logger.warn({ event: 'stream_unread', err: error }, 'new posts cannot be read: trying again');
      this.failing = true;
    }
  }

  private async advance(): Promise<Position | undefined> {
    const { manager } = this.database;
    const since = this.position;
    if (!since) return (this.position = await selectPosition(manager));
    const read = await readNewPosts(manager, { since, limit: BATCH });
    // Another or restarted server may know fewer transactions than the position.
    if (read.now.server !== since.server) return this.beginAnew(read.now);
    if (read.posts.some(({ tx }) => tx >= read.now.next)) {
      await this.transactions.makeOld();
      return this.beginAnew(await selectPosition(manager));
    }
    const ended = read.posts.length < BATCH;
    const posts = withPositions(read.posts, { from: since, to: read.now, ended });
    if (!(await this.deliver(posts.filter(({ post }) => post.shown)))) return undefined;
    this.position = ended ? read.now : posts.at(-1)?.position;
    if (ended) return read.now;
    this.loop.wake();
    return undefined;
  }

  private beginAnew(now: Position): Position {
    this.toAll(this.beginning(now, 'reset'));
    return (this.position = now);
  }

  private async deliver(posts: readonly PositionedPost[]): Promise<boolean> {
    if (posts.length === 0) return true;
    const followers = await this.followersOf(posts.map(({ post }) => post));
    if (!this.tokens.isCurrent) return false;
    for (const { post, position } of posts) {
      const frame = Buffer.from(this.frameOf(post, position));
      for (const userId of [post.authorId, ...(followers.get(post.authorId) ?? [])])
        for (const viewer of this.audience.ofUser(userId)) if (viewer.isLive) this.send(viewer, frame);
    }
    return true;
  }

  /** Asks for all followers of the authors while these are fewer than the viewers, then for those among the viewers. */
  private async followersOf(posts: readonly NewPost[]): Promise<Map<string, string[]>> {
    const { manager } = this.database;
    const byAuthor = new Map<string, string[]>();
    const [few, many]: [string[], string[]] = [[], []];
    let left = this.audience.people;
    for (const { authorId, followersOfAuthor } of posts.toSorted((a, b) => a.followersOfAuthor - b.followersOfAuthor)) {
      if (byAuthor.has(authorId)) continue;
      byAuthor.set(authorId, []);
      left -= followersOfAuthor;
      (left >= 0 ? few : many).push(authorId);
    }
    const found = [
      ...(few.length > 0 ? await selectFollowers(manager, few) : []),
      ...(many.length > 0 ? await selectFollowersAmong(manager, many, this.audience.userIds) : []),
    ];
    for (const { authorId, viewerId } of found) byAuthor.get(authorId)?.push(viewerId);
    return byAuthor;
  }

  private send(viewer: Viewer, frame: string | Buffer): void {
    viewer.delivered += 1;
    viewer.stream.write(frame);
  }

  private async admitNewcomers(newcomers: readonly Newcomer[], now: Position): Promise<void> {
    await Promise.all(newcomers.map((newcomer) => this.begin(newcomer, now)));
    if (this.newcomers.length > 0) this.loop.wake();
  }

  private async begin({ viewer, lastEventId, resolve, reject }: Newcomer, now: Position): Promise<void> {
    try {
      const missed = lastEventId === undefined ? [] : await this.missedSince(lastEventId, viewer, now);
      const { stream } = viewer;
      if (stream.refusal !== undefined) throw new AppError(stream.refusal, { policies: policiesOf(stream.refusal) });
      if (stream.end !== undefined) {
        resolve();
        return;
      }
      stream.begin();
      for (const frame of missed ?? []) this.send(viewer, frame);
      stream.write(this.beginning(now, missed ? undefined : 'reset'));
      viewer.isLive = true;
      resolve();
    } catch (error) {
      reject(error);
    }
  }

  private async missedSince(
    lastEventId: string,
    { caller: { userId } }: Viewer,
    until: Position,
  ): Promise<string[] | undefined> {
    const since = this.positionOf(lastEventId);
    if (since?.server !== until.server) return undefined;
    const posts = await selectMissedPosts(this.database.manager, {
      viewerId: userId,
      since,
      until,
      scanned: MISSED.scanned,
      limit: MISSED.posts,
    });
    if (!posts) return undefined;
    const frames = withPositions(posts, { from: since, to: until, ended: true }).map(({ post, position }) =>
      this.frameOf(post, position),
    );
    const bytes = frames.reduce((sum, frame) => sum + Buffer.byteLength(frame), 0);
    return bytes <= MISSED.bytes ? frames : undefined;
  }

  private toAll(frame: string): void {
    for (const viewer of this.audience) if (viewer.isLive) viewer.stream.write(frame);
  }

  private frameOf(post: StreamedPost, position: Position): string {
    return frameOf({ id: this.eventId(position), event: 'post', data: presentPost(post) });
  }

  private beginning(position: Position, event?: 'reset'): string {
    return frameOf({ retry: RETRY_MS, id: this.eventId(position), ...(event && { event, data: {} }) });
  }

  private eventId(position: Position): string {
    return this.cursors.encode(SCOPE, positionKey(position));
  }

  private positionOf(eventId: string): Position | undefined {
    try {
      return positionOfKey(this.cursors.decode(SCOPE, eventId));
    } catch (error) {
      if (error instanceof AppError) return undefined;
      throw error;
    }
  }
}

function policiesOf(refusal: ErrorCode): string[] | undefined {
  return refusal === 'too_many_streams' ? ['open_streams'] : undefined;
}
