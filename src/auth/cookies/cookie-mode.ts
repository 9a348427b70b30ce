/** Cookie mode, which a client chooses for each request: see refresh-cookie.ts. */
import {
  applyDecorators,
  type CallHandler,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
  SetMetadata,
  UseInterceptors,
} from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { catchError, map, type Observable } from 'rxjs';

import { AppError, invalid } from '../../common/errors.js';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { CLEARED_COOKIE, cookieOf, isOwnPage, MODE_HEADER, tokenIn } from './refresh-cookie.js';

const ENDED = new Set(['invalid_refresh_token', 'refresh_token_reused', 'account_disabled']);

const USE = Symbol('use of the cookie');

type Use = 'login' | 'refresh' | 'logout';

interface Body {
  readonly refresh_token?: unknown;
  readonly scope?: unknown;
}

@Injectable()
class CookieModeInterceptor implements NestInterceptor {
  constructor(@Inject(CONFIG) private readonly config: Config) {}

  intercept(context: ExecutionContext, next: CallHandler<Body>): Observable<Body> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest<{ Body: Body | undefined }>>();
    const mode = request.headers[MODE_HEADER];
    if (mode === undefined) return next.handle();
    if (mode !== 'cookie')
      throw invalid({ pointer: '#', code: 'unknown_mode', detail: 'Refresh-Token-In must be cookie, or be left out' });
    if (!isOwnPage(request.headers, this.config.http)) throw new AppError('cross_site_request');
    const reply = http.getResponse<FastifyReply>();
    const use = Reflect.getMetadata(USE, context.getHandler()) as Use;
    if (use === 'refresh' || (use === 'logout' && request.headers.authorization === undefined))
      this.useCookie(request, reply);
    return next.handle().pipe(
      map((answer) => this.keepInCookie(answer, request, { reply, isLogout: use === 'logout' })),
      catchError((error: unknown) => {
        if (error instanceof AppError && ENDED.has(error.code) && use !== 'login')
          void reply.header('set-cookie', CLEARED_COOKIE);
        throw error;
      }),
    );
  }

  private useCookie(request: FastifyRequest<{ Body: Body | undefined }>, reply: FastifyReply): void {
    if (request.body?.refresh_token !== undefined)
      throw invalid({ pointer: '#/refresh_token', code: 'not_with_cookie', detail: 'must not be sent in cookie mode' });
    const token = tokenIn(request.headers);
    if (token === undefined) {
      void reply.header('set-cookie', CLEARED_COOKIE);
      throw new AppError('invalid_refresh_token');
    }
    request.body = { ...request.body, refresh_token: token };
  }

  private keepInCookie(
    answer: Body,
    { body }: FastifyRequest<{ Body: Body | undefined }>,
    { reply, isLogout }: { reply: FastifyReply; isLogout: boolean },
  ): Body {
    if (isLogout && body?.scope !== 'others') void reply.header('set-cookie', CLEARED_COOKIE);
    const { refresh_token: token, ...others } = answer;
    if (typeof token !== 'string') return answer;
    void reply.header('set-cookie', cookieOf(token, Math.floor(this.config.sessions.idleTtlMs / 1_000)));
    return Object.assign(others, { refresh_token_in: 'cookie' });
  }
}

/** On routes that take or give a refresh token. */
export function CookieMode(use: Use): MethodDecorator {
  return applyDecorators(
    SetMetadata(USE, use),
    UseInterceptors(CookieModeInterceptor),
    ApiHeader({
      name: 'Refresh-Token-In',
      required: false,
      description: 'For pages: `cookie` keeps the refresh token in a cookie that no script can read.',
      schema: { type: 'string', enum: ['cookie'] },
    }),
  );
}
