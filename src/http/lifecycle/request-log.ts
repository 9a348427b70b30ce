/** One log line per request, answered or abandoned. No query, header or body: they may hold secrets. */
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';

import type { AuthenticatedRequest } from '../../common/access.js';
import { addressOf } from '../../common/address.js';
import type { ErrorCode } from '../../common/error-codes.js';
import type { AnswerObserver } from './answered.js';
import { requestPath } from '../request-path.js';
import type { Tracing } from './tracing.js';

declare module 'fastify' {
  interface FastifyReply {
    problemCode?: ErrorCode;
  }
}

export function requestLog(fastify: FastifyInstance, logger: Logger, tracing: Tracing): AnswerObserver {
  fastify.decorateReply('problemCode');
  return (request, reply, hasLeft) => {
    const { user } = request as AuthenticatedRequest;
    logger.info(
      {
        request_id: request.id,
        ...tracing.idsOf(request),
        method: request.method,
        path: requestPath(request),
        status: reply.statusCode,
        code: reply.problemCode,
        ms: Math.round((request.waitedMs + reply.elapsedTime) * 10) / 10,
        ip: addressOf(request.ip),
        user: user?.userId,
        [user?.scopes ? 'token' : 'session']: user?.sessionId,
        ...(hasLeft && { client_left: true }),
      },
      'request',
    );
  };
}
