/** Bounds concurrent requests per person, and of a person's scripts; others queue, so that nobody occupies the whole pool. */
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';

import type { AuthenticatedRequest } from '../common/access.js';
import { Turns } from './turns.js';

declare module 'fastify' {
  interface FastifyRequest {
    leaveTurn?: () => void;
  }
}

/** A guard and not an interceptor, for which Nest makes a dozen promises and observables a request. */
@Injectable()
export class UserTurns implements CanActivate {
  private readonly turns: Turns;

  constructor(atOnce: number) {
    this.turns = new Turns(atOnce);
  }

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
    const begin = (leave: () => void): true => {
      request.leaveTurn = leave;
      return true;
    };
    const turn = this.turns.take(key);
    return turn instanceof Promise ? turn.then(begin) : begin(turn);
  }
}
