/** Cookie mode, which a client chooses for each request: see refresh-cookie.ts. */
import {
  applyDecorators,
  type CanActivate,
  type ExecutionContext,
  Inject,
  Injectable,
  UseGuards,
} from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiHeader } from '@nestjs/swagger';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import type { ErrorCode } from '../../common/error-codes.js';
import { AppError, invalid } from '../../common/errors.js';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import type { Sending } from '../../http/before-sending.js';
import { isJsonObject } from '../../http/input/json-body.js';
import { CLEARED_COOKIE, cookieOf, isOwnPage, MODE_HEADER, tokenIn } from './refresh-cookie.js';

const ENDED = new Set<ErrorCode | undefined>(['invalid_refresh_token', 'refresh_token_reused', 'account_disabled']);

type Use = 'login' | 'refresh' | 'logout';

interface Body {
  readonly refresh_token?: unknown;
  readonly scope?: unknown;
}

type Request = FastifyRequest<{ Body: Body | undefined }>;

declare module 'fastify' {
  interface FastifyRequest {
    cookieUse?: Use | undefined;
  }
  interface FastifyContextConfig {
    cookieUse?: Use;
  }
}

/** An interceptor would cost each refresh a dozen promises, also without a cookie. */
@Injectable()
class CookieModeGuard implements CanActivate {
  constructor(@Inject(CONFIG) private readonly config: Config) {}

  canActivate(context: ExecutionContext): true {
    const request = context.switchToHttp().getRequest<Request>();
    const mode = request.headers[MODE_HEADER];
    if (mode === undefined) return true;
    if (mode !== 'cookie')
      throw invalid({
        pointer: `#/${MODE_HEADER}`,
        in: 'header',
        code: 'unknown_mode',
        detail: 'must be cookie, or be left out',
      });
    if (!isOwnPage(request.headers, this.config.http)) throw new AppError('cross_site_request');
    const { cookieUse: use } = request.routeOptions.config;
    if (use === undefined) throw new Error('Another @RouteConfig replaces that of @CookieMode.');
    request.cookieUse = use;
    if (use === 'refresh' || (use === 'logout' && request.headers.authorization === undefined)) useCookie(request);
    return true;
  }
}

function useCookie(request: Request): void {
  if (request.body?.refresh_token !== undefined)
    throw invalid({ pointer: '#/refresh_token', code: 'not_with_cookie', detail: 'must not be sent in cookie mode' });
  const token = tokenIn(request.headers);
  if (token === undefined) throw new AppError('invalid_refresh_token');
  const { body = {} } = request;
  if (isJsonObject(body)) request.body = { ...body, refresh_token: token };
}

/** Call before routes are added. */
export function answerInCookies(fastify: FastifyInstance, { sessions }: Config): void {
  const maxAge = Math.floor(sessions.idleTtlMs / 1_000);
  fastify.decorateRequest('cookieUse');
  fastify.addHook('onRoute', (route) => {
    if (route.config?.cookieUse === undefined) return;
    route.preSerialization = (...[request, reply, answer, done]: Sending) => {
      const isUsed = request.cookieUse !== undefined;
      done(null, isUsed ? keepInCookie(answer as Body, request as Request, { reply, maxAge }) : answer);
    };
    route.onSend = (...[{ cookieUse }, reply, payload, done]: Sending) => {
      const isKept = cookieUse === 'refresh' || cookieUse === 'logout';
      if (isKept && ENDED.has(reply.problemCode)) void reply.header('set-cookie', CLEARED_COOKIE);
      done(null, payload);
    };
  });
}

function keepInCookie(
  answer: Body,
  { body, cookieUse }: Request,
  { reply, maxAge }: { reply: FastifyReply; maxAge: number },
): Body {
  if (cookieUse === 'logout' && body?.scope !== 'others') void reply.header('set-cookie', CLEARED_COOKIE);
  const { refresh_token: token, ...others } = answer;
  if (typeof token !== 'string') return answer;
  void reply.header('set-cookie', cookieOf(token, maxAge));
  return Object.assign(others, { refresh_token_in: 'cookie' });
}

/** On routes that take or give a refresh token. */
export function CookieMode(use: Use): MethodDecorator {
  return applyDecorators(
    RouteConfig({ cookieUse: use }),
    UseGuards(CookieModeGuard),
    ApiHeader({
      name: 'Refresh-Token-In',
      required: false,
      description: 'For pages: `cookie` keeps the refresh token in a cookie that no script can read.',
      schema: { type: 'string', enum: ['cookie'] },
    }),
  );
}
