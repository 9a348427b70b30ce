/** Bounds concurrent requests per person, and of a person's scripts; others queue, so that nobody occupies the whole pool. */
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';

import type { AuthenticatedRequest } from '../common/access.js';
import { AppError } from '../common/errors.js';

declare module 'fastify' {
  interface FastifyRequest {
    leaveTurn?: () => void;
  }
}

/** How many wait, and for how many milliseconds: as long as for a connection of the pool. */
export const TURNS = { waiting: 200, waitMs: 2_500 };

interface Turns {
  running: number;
  readonly waiting: (() => void)[];
}

/** A guard and not an interceptor, for which Nest makes a dozen promises and observables a request. */
@Injectable()
export class UserTurns implements CanActivate {
  private readonly byUser = new Map<string, Turns>();

  constructor(private readonly atOnce: number) {}

  /** Call before routes are added. A turn ends with its handler, also after the client has left. */
  endWithHandlers(fastify: FastifyInstance): void {
    fastify.decorateRequest('leaveTurn');
    fastify.addHook('onRoute', (route) => {
      const { handler } = route;
      route.handler = function (request, reply) {
        const result: unknown = handler.call(this, request, reply);
        return result instanceof Promise ? result.finally(() => request.leaveTurn?.()) : result;
      };
    });
  }

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const { user } = request;
    if (user === undefined) return true;
    const key = user.scopes ? `scripts of ${user.userId}` : user.userId;
    const turns = this.byUser.get(key) ?? { running: 0, waiting: [] };
    this.byUser.set(key, turns);
    const leave = (): void => {
      this.leave(key, turns);
    };
    if (turns.running < this.atOnce) {
      turns.running += 1;
      request.leaveTurn = leave;
      return true;
    }
    if (turns.waiting.length >= TURNS.waiting)
      throw new AppError('rate_limited', { retryAfterSeconds: 1, policies: ['concurrent_requests'] });
    return new Promise((start, refuse) => {
      const begin = (): void => {
        clearTimeout(timer);
        request.leaveTurn = leave;
        start(true);
      };
      const timer = setTimeout(() => {
        turns.waiting.splice(turns.waiting.indexOf(begin), 1);
        refuse(new AppError('overloaded', { retryAfterSeconds: 1, policies: ['concurrent_requests'] }));
      }, TURNS.waitMs);
      turns.waiting.push(begin);
    });
  }

  private leave(key: string, turns: Turns): void {
    const next = turns.waiting.shift();
    if (next) next();
    else if ((turns.running -= 1) === 0) this.byUser.delete(key);
  }
}
