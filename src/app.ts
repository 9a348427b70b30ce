/** The HTTP side of the application, the same in production and in tests. */
import { randomUUID } from 'node:crypto';

import { VERSION_NEUTRAL, VersioningType } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';

import {
  answerExpectation,
  answerParserError,
  answerRouterError,
  hardenRequests,
  MAX_PARAM_LENGTH,
} from './common/http-hardening.js';
import { acceptOnlyJson, BODY_LIMIT_BYTES } from './common/json-body.js';
import { buildOpenApi } from './common/openapi.js';
import { ProblemFilter } from './common/problem.filter.js';
import { logRequests } from './common/request-log.js';
import { ValidationPipe } from './common/validation.pipe.js';
import type { Config } from './config/config.js';
import { translateDatabaseError } from './database/pg-errors.js';
import { Metrics } from './health/metrics.js';
import { Readiness } from './health/readiness.js';

/** Milliseconds. Node's own default leaves a slow body open for ever. */
const TIMEOUTS = { headers: 15_000, request: 30_000, handler: 15_000, keepAlive: 65_000, check: 5_000 };

const OPERATIONS = ['health/live', 'health/ready', 'metrics', '.well-known/jwks.json'];

export function createAdapter({ http }: Config): FastifyAdapter {
  return new FastifyAdapter({
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    trustProxy: http.trustedProxies.length > 0 ? [...http.trustedProxies] : false,
    bodyLimit: BODY_LIMIT_BYTES,
    multipart: false,
    requestTimeout: TIMEOUTS.request,
    handlerTimeout: TIMEOUTS.handler,
    keepAliveTimeout: TIMEOUTS.keepAlive,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    // A missing Host is answered by us, with a body.
    http: { requireHostHeader: false, headersTimeout: TIMEOUTS.headers, connectionsCheckingInterval: TIMEOUTS.check },
    frameworkErrors: answerRouterError,
    clientErrorHandler: (error, socket) => {
      answerParserError(error, socket, randomUUID());
    },
  });
}

/** Call before `app.init()` or `app.listen()`. */
export function configureApp(app: NestFastifyApplication, config: Config, logger: Logger): void {
  const fastify = app.getHttpAdapter().getInstance();
  const readiness = app.get(Readiness);
  hardenRequests(fastify, { httpsOnly: config.http.httpsOnly, isDraining: () => readiness.draining });
  acceptOnlyJson(fastify);
  logRequests(fastify, logger);
  app.get(Metrics).observeRequests(fastify);
  fastify.server.on('checkExpectation', (request, response) => {
    answerExpectation(request, response, randomUUID());
  });
  configureAddresses(app);
  app.useGlobalPipes(new ValidationPipe());
  app.useGlobalFilters(new ProblemFilter(logger, translateDatabaseError));
  if (config.http.corsOrigins.length > 0) {
    app.enableCors({
      origin: [...config.http.corsOrigins],
      methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
      allowedHeaders: ['authorization', 'content-type'],
      exposedHeaders: ['link', 'ratelimit', 'ratelimit-policy', 'retry-after', 'x-request-id'],
      maxAge: 600,
    });
  }
  serveDocumentation(app, fastify, config);
}

/** Every route answers at /api/v1 and, for whoever wants the current version, at /api. */
export function configureAddresses(app: NestFastifyApplication): void {
  app.setGlobalPrefix('api', { exclude: OPERATIONS });
  app.enableVersioning({ type: VersioningType.URI, defaultVersion: ['1', VERSION_NEUTRAL] });
}

function serveDocumentation(app: NestFastifyApplication, fastify: FastifyInstance, { http }: Config): void {
  let document: ReturnType<typeof buildOpenApi> | undefined;
  const current = (): ReturnType<typeof buildOpenApi> => (document ??= buildOpenApi(app));
  fastify.get('/openapi.json', () => current());
  if (http.docs)
    SwaggerModule.setup('docs', app, current, {
      raw: false,
      customSiteTitle: 'Roost',
      swaggerOptions: { persistAuthorization: true },
    });
}
