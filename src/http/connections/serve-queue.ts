/** Serves requests in order, for a bounded time in each turn of the event loop. Under overload, those that waited too long are refused. */
import { randomInt } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

import type { FastifyInstance } from 'fastify';

import { AppError } from '../../common/errors.js';
import { sendProblem } from '../hardening.js';

/** Milliseconds. Waits are bounded by `burst`, and by `standing` once the queue has not been empty for that long: who is served
 * has then not waited in vain ("controlled delay", https://queue.acm.org/detail.cfm?id=2839461). */
export const SERVE_QUEUE = {
  turn: 10,
  burst: 1_000,
  standing: 200,
  recheck: 2,
  window: 1_000,
  longestRetry: 30,
  urgentATurn: 20,
};

/** Without the database, or for those who watch over it. */
const URGENT = /^\/(?:health\/(?:live|ready)|metrics|\.well-known\/jwks\.json)\/?(?:\?|$)/;

declare module 'fastify' {
  interface FastifyRequest {
    waitedMs: number;
  }
}

interface Waiting {
  readonly since: number;
  readonly request: IncomingMessage;
  readonly serve: () => void;
}

interface Waited {
  readonly ms: number;
  readonly isRefused: boolean;
}

export class ServeQueue {
  refused = 0;
  private readonly queue: Waiting[] = [];
  private readonly waited = new WeakMap<IncomingMessage, Waited>();
  private emptyAt = 0;
  private turnEndsAt: number | undefined;
  private urgentLeft = SERVE_QUEUE.urgentATurn;
  private recent = { since: 0, served: 0, refused: 0 };

  /** @param isBlocked while no more should be begun, as too much that was begun waits for the database */
  constructor(
    private readonly isBlocked: () => boolean,
    private readonly pathOf: (request: IncomingMessage) => string = ({ url = '' }) => url,
    private readonly now: () => number = () => performance.now(),
    private readonly choose: (least: number, most: number) => number = (least, most) => randomInt(least, most + 1),
  ) {}

  get waiting(): number {
    return this.queue.length;
  }

  /** Call before the hooks whose work a refused request must not cost. */
  refuseOverdue(fastify: FastifyInstance): void {
    fastify.decorateRequest('waitedMs', 0);
    fastify.addHook('onRequest', (request, reply, done) => {
      const waited = this.waited.get(request.raw);
      request.waitedMs = waited?.ms ?? 0;
      if (waited?.isRefused !== true) {
        done();
        return;
      }
      const retryAfterSeconds = this.retryAfterSeconds();
      sendProblem(request, reply, new AppError('overloaded', { retryAfterSeconds, policies: ['waiting_requests'] }));
    });
  }

  enter(request: IncomingMessage, serve: () => void): void {
    const now = this.now();
    const turnEndsAt = this.endOfTurn(now);
    if (URGENT.test(this.pathOf(request)) && this.urgentLeft > 0) {
      this.urgentLeft -= 1;
      serve();
      return;
    }
    if (this.queue.length === 0) {
      this.emptyAt = now;
      if (now < turnEndsAt && !this.isBlocked()) {
        this.count(now).served += 1;
        serve();
        return;
      }
      this.continueLater();
    }
    this.queue.push({ since: now, request, serve });
  }

  /** Those refused in a second need as many seconds as are served in one; spread, or they would all come back at once. */
  retryAfterSeconds(): number {
    const { served, refused } = this.recent;
    const crowd = Math.ceil(refused / Math.max(1, served));
    return 1 + this.choose(0, Math.min(2 * crowd, SERVE_QUEUE.longestRetry - 1));
  }

  private endOfTurn(now: number): number {
    if (this.turnEndsAt === undefined) {
      this.turnEndsAt = now + SERVE_QUEUE.turn;
      setImmediate(() => {
        this.turnEndsAt = undefined;
        this.urgentLeft = SERVE_QUEUE.urgentATurn;
      });
    }
    return this.turnEndsAt;
  }

  private continueLater(): void {
    const drain = (): void => {
      this.drain();
    };
    if (this.isBlocked()) setTimeout(drain, SERVE_QUEUE.recheck);
    else setImmediate(drain);
  }

  private drain(): void {
    const startedAt = this.now();
    for (let now = startedAt; now - startedAt < SERVE_QUEUE.turn; now = this.now()) {
      const [next] = this.queue;
      if (next === undefined) return;
      const mayWait = now - this.emptyAt > SERVE_QUEUE.burst ? SERVE_QUEUE.standing : SERVE_QUEUE.burst;
      const isOverdue = now - next.since > mayWait;
      if (!isOverdue && this.isBlocked()) break;
      this.queue.shift();
      const isRefused = isOverdue || next.request.socket.destroyed;
      this.waited.set(next.request, { ms: now - next.since, isRefused });
      if (isOverdue) this.refused += 1;
      this.count(now)[isRefused ? 'refused' : 'served'] += 1;
      next.serve();
    }
    if (this.queue.length > 0) this.continueLater();
  }

  private count(now: number): { served: number; refused: number } {
    if (now - this.recent.since > SERVE_QUEUE.window) this.recent = { since: now, served: 0, refused: 0 };
    return this.recent;
  }
}
