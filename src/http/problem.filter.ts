/** Turns every thrown error into a problem document; the only place that knows both errors and HTTP. */
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';

import type { ErrorCode } from '../common/error-codes.js';
import { AppError } from '../common/errors.js';
import { problemReply } from './problem.js';

export type ErrorTranslator = (error: unknown) => AppError | undefined;

const CODE_OF_STATUS: Partial<Record<number, ErrorCode>> = {
  400: 'malformed_request',
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
    // The route, since an address has many spellings.
    const url = request.routeOptions.url ?? request.url;
    const { problem, headers } = problemReply(error, { id: request.id, url, prefix: request.prefix });
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

function statusOf(thrown: unknown): number {
  if (thrown instanceof HttpException) return thrown.getStatus();
  const { statusCode } = (thrown ?? {}) as { statusCode?: unknown };
  return typeof statusCode === 'number' ? statusCode : 500;
}

function reasonOf(thrown: unknown): string {
  const { code, message } = (thrown ?? {}) as { code?: unknown; message?: unknown };
  return typeof code === 'string' ? code : String(message);
}
