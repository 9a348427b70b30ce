/** One log line per request, answered or abandoned. No query, header or body: they may hold secrets. */
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';

import type { AuthenticatedRequest } from '../common/access.js';
import { addressOf } from '../common/address.js';
import type { ErrorCode } from '../common/error-codes.js';
import type { AnswerObserver } from './answered.js';
import { originForm } from './hardening.js';

declare module 'fastify' {
  interface FastifyReply {
    problemCode?: ErrorCode;
  }
}

const PATH_MAX_LENGTH = 256;
const MISPLACED_TOKEN = /roost_pat_\w+/g;

export function requestLog(fastify: FastifyInstance, logger: Logger): AnswerObserver {
  fastify.decorateReply('problemCode');
  return (request, reply, hasLeft) => {
    const { user } = request as AuthenticatedRequest;
    logger.info(
      {
        request_id: request.id,
        method: request.method,
        path: pathOf(originForm(request.originalUrl)),
        status: reply.statusCode,
        code: reply.problemCode,
        ms: Math.round(reply.elapsedTime * 10) / 10,
        ip: addressOf(request.ip),
        user: user?.userId,
        [user?.scopes ? 'token' : 'session']: user?.sessionId,
        ...(hasLeft && { client_left: true }),
      },
      'request',
    );
  };
}

function pathOf(url: string): string {
  const end = url.indexOf('?');
  const path = url.slice(0, Math.min(end === -1 ? url.length : end, PATH_MAX_LENGTH));
  return path.replace(MISPLACED_TOKEN, '…');
}
