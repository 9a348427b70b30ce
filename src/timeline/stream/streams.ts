/** Opens streams of new posts within limits; they end with their token or at shutdown. */
import {
  Inject,
  Injectable,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
} from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Logger } from 'pino';

import type { Caller } from '../../common/access.js';
import { type EndedTokens, Revocations } from '../../auth/revocations/revocations.js';
import { Activity } from '../../common/schedule.js';
import { Clock } from '../../common/clock.js';
import { type ErrorCode, ERRORS } from '../../common/error-codes.js';
import { AppError } from '../../common/errors.js';
import { LOGGER } from '../../common/logger.js';
import { Audience, type Viewer } from './audience.js';
import { EventStream, frameOf, hasLeft, type ServerEvent } from './event-stream.js';
import { StreamReader } from './stream-reader.js';

export const STREAM_LIMITS = { perUser: 5, perInstance: 10_000 };
export const HEARTBEAT = { everyMs: 15_000 };
const TICK_MS = 1_000;
const FULL_RETRY_SECONDS = 5;

@Injectable()
export class Streams implements OnApplicationBootstrap, OnModuleDestroy, OnApplicationShutdown {
  private draining = false;
  private timer: NodeJS.Timeout | undefined;
  private deliveredBefore = 0;

  constructor(
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly audience: Audience,
    private readonly reader: StreamReader,
    private readonly tokens: Revocations,
    private readonly clock: Clock,
    activity: Activity,
  ) {
    activity.useWhile(() => audience.size > 0);
    tokens.onEnded((ended) => {
      this.endWhoseTokensEnded(ended);
    });
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.tick();
    }, TICK_MS).unref();
  }

  /** Before the wait for requests under way: streams would never end. */
  onModuleDestroy(): void {
    this.draining = true;
    for (const viewer of [...this.audience]) this.end(viewer, 'draining');
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  get open(): number {
    return this.audience.size;
  }

  get delivered(): number {
    let delivered = this.deliveredBefore;
    for (const viewer of this.audience) delivered += viewer.delivered;
    return delivered;
  }

  /** Beyond the limit, replaces the person's oldest stream. @throws `draining`, `overloaded`, the token's fault */
  async start(caller: Caller, reply: FastifyReply, lastEventId: string | undefined): Promise<void> {
    if (this.draining) throw new AppError('draining');
    const ended = this.hasExpired(caller) ? 'token_expired' : this.tokens.whyEnded(caller);
    if (ended !== undefined) throw new AppError(ended);
    if (hasLeft(reply.request)) {
      reply.request.raw.socket.destroy();
      return;
    }
    this.makeRoom(caller);
    if (this.audience.size >= STREAM_LIMITS.perInstance)
      throw new AppError('overloaded', { retryAfterSeconds: FULL_RETRY_SECONDS, policies: ['open_streams'] });
    const viewer = this.join(caller, reply);
    try {
      await this.reader.admit(viewer, lastEventId);
    } catch (error) {
      viewer.stream.abandon();
      throw error;
    }
  }

  private join(caller: Caller, reply: FastifyReply): Viewer {
    const openedAt = performance.now();
    const about = { request_id: reply.request.id, user: caller.userId, session: caller.sessionId };
    const viewer: Viewer = {
      caller,
      isLive: false,
      delivered: 0,
      stream: new EventStream(reply, ({ end, hasBegun }) => {
        this.audience.delete(viewer);
        this.deliveredBefore += viewer.delivered;
        if (!hasBegun) return;
        const ms = Math.round(performance.now() - openedAt);
        this.logger.info(
          { event: 'stream_closed', ...about, reason: end, posts: viewer.delivered, ms },
          'stream closed',
        );
      }),
    };
    this.audience.add(viewer);
    return viewer;
  }

  private makeRoom({ userId }: Caller): void {
    const own = [...this.audience.ofUser(userId)];
    for (const oldest of own.slice(0, Math.max(0, own.length + 1 - STREAM_LIMITS.perUser)))
      this.end(oldest, 'too_many_streams');
  }

  private tick(): void {
    for (const viewer of [...this.audience]) {
      if (this.hasExpired(viewer.caller)) this.end(viewer, 'token_expired');
      else if (viewer.isLive && viewer.stream.quietMs >= HEARTBEAT.everyMs) this.beat(viewer);
    }
  }

  /** Carries an id, so that a quiet stream also resumes from its position. */
  private beat({ stream }: Viewer): void {
    const id = this.reader.lastEventId;
    stream.write(`:\n${frameOf(id === undefined ? {} : { id })}`);
  }

  private endWhoseTokensEnded(tokens: EndedTokens): void {
    const viewers =
      'userId' in tokens ? this.audience.ofUser(tokens.userId) : this.audience.ofSession(tokens.sessionId);
    for (const viewer of [...viewers]) {
      const ended = this.tokens.whyEnded(viewer.caller);
      if (ended !== undefined) this.end(viewer, ended);
    }
  }

  /** Without leeway: a client has refreshed its token by then. */
  private hasExpired({ expiresAt }: Caller): boolean {
    return expiresAt <= this.clock.epochSeconds();
  }

  private end({ stream }: Viewer, code: ErrorCode): void {
    const event: ServerEvent = { event: 'end', data: { code, detail: ERRORS[code].detail } };
    stream.close(code, frameOf(event));
  }
}
