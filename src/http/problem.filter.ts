/** Turns everything that is thrown into a problem document; the only place that knows both errors and HTTP. */
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';

import type { ErrorCode } from '../common/error-codes.js';
import { AppError } from '../common/errors.js';
import { problemReply } from './problem.js';

/** Recognises a failure of another layer, such as a lost database. */
export type ErrorTranslator = (error: unknown) => AppError | undefined;

const CODE_OF_STATUS: Partial<Record<number, ErrorCode>> = {
  400: 'malformed_request',
  // The word of @fastify/static for a path that leaves its folder.
  403: 'route_not_found',
  404: 'route_not_found',
  408: 'request_timeout',
  413: 'payload_too_large',
  414: 'uri_too_long',
  415: 'unsupported_media_type',
  429: 'rate_limited',
  503: 'overloaded',
};

@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly logger: Logger,
    private readonly translate: ErrorTranslator,
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const [request, reply] = [http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>()];
    if (reply.sent) return;
    const error = this.recognise(thrown);
    if (error.code === 'internal_error') this.logger.error({ err: thrown, request_id: request.id }, 'unexpected error');
    else if (error.alarm !== undefined)
      this.logger.error({ event: 'database_faulty', reason: reasonOf(thrown), request_id: request.id }, error.alarm);
    else if (error.code === 'database_unavailable')
      this.logger.warn({ reason: reasonOf(thrown), request_id: request.id }, 'database unavailable');
    // By the route and not by the address, which may be written in many ways.
    const url = request.routeOptions.url ?? request.url;
    const { problem, headers } = problemReply(error, { id: request.id, url });
    reply.problemCode = problem.code;
    void reply.code(problem.status).headers(headers).send(JSON.stringify(problem));
  }

  private recognise(thrown: unknown): AppError {
    if (thrown instanceof AppError) return thrown;
    const code = CODE_OF_STATUS[statusOf(thrown)];
    if (code !== undefined) return new AppError(code, { cause: thrown });
    return this.translate(thrown) ?? new AppError('internal_error', { cause: thrown });
  }
}

/** The status that the framework (Nest or Fastify) gave an error; also ECONNRESET of a client that went away. */
function statusOf(thrown: unknown): number {
  if (thrown instanceof HttpException) return thrown.getStatus();
  const { statusCode } = (thrown ?? {}) as { statusCode?: unknown };
  return typeof statusCode === 'number' ? statusCode : 500;
}

function reasonOf(thrown: unknown): string {
  const { code, message } = (thrown ?? {}) as { code?: unknown; message?: unknown };
  return typeof code === 'string' ? code : String(message);
}
