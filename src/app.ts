/** The HTTP side of the application, the same in production and in tests. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';

import { VERSION_NEUTRAL, VersioningType } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { DataSource } from 'typeorm';

import { answerInCookies } from './auth/cookies/cookie-mode.js';
import { MAX_PARAM_LENGTH, trackMethods } from './http/allowed-methods.js';
import { sendLongTextAsBytes } from './http/before-sending.js';
import { sharesBody } from './http/connections/connection.js';
import { Connections, maxConnections } from './http/connections/connections.js';
import { prefixOf, Proxies, trackPrefix, warnOfUntrustedProxies, withoutPrefix } from './http/forwarding.js';
import { limitHandlers } from './http/lifecycle/handler-timeout.js';
import { labelAnswers, refuseRequests, routable } from './http/hardening.js';
import { acceptOnlyJson, BODY_LIMIT_BYTES } from './http/input/json-body.js';
import { requireKnownHosts } from './http/known-hosts.js';
import { buildOpenApi } from './http/openapi/document.js';
import { loadSwagger, type Swagger } from './http/openapi/swagger.js';
import { ProblemFilter } from './http/problem.filter.js';
import { type Counters, COUNTERS } from './limits/counters.js';
import { hitAddress, limitAddresses } from './limits/rate-limit.js';
import { UserTurns } from './limits/user-turns.js';
import { RawAnswers } from './http/connections/raw-errors.js';
import { ServeQueue } from './http/connections/serve-queue.js';
import { type AnswerObserver, onAnswered } from './http/lifecycle/answered.js';
import { requestLog } from './http/lifecycle/request-log.js';
import { Tracing } from './http/lifecycle/tracing.js';
import { UnderWay } from './http/lifecycle/under-way.js';
import { ValidationPipe } from './http/input/validation.pipe.js';
import { Activity } from './common/schedule.js';
import type { Config } from './config/config.js';
import { poolOf } from './database/data-source.js';
import { translateDatabaseError } from './database/pg-errors.js';
import { announceWrites } from './database/replicas/announce-writes.js';
import { Reads } from './database/replicas/reads.js';
import { Metrics } from './health/metrics.js';
import { Readiness } from './health/readiness.js';
import { observeRooms } from './measures.js';

/** Milliseconds. The handler's limit exceeds the request's, so that a slow body is the client's 408 and not our 503. */
export const TIMEOUTS = {
  headers: 15_000,
  request: 30_000,
  handler: 40_000,
  stream: 15 * 60_000,
  keepAlive: 65_000,
  check: 5_000,
};

const BARE = [
  'health/live',
  'health/ready',
  'metrics',
  '.well-known/jwks.json',
  '.well-known/change-password',
  '.well-known/passkey-endpoints',
  '.well-known/security.txt',
  'problems',
  'problems/:code',
  'dev/mailbox',
  'confirm',
  'reset',
  'undo',
  'forgot',
  'email-login',
  'email-login.js',
  'account-pages.js',
];

export function createAdapter({ http }: Config): FastifyAdapter {
  const proxies = new Proxies(http.trustedProxies);
  const prefix = prefixOf(http.publicUrl);
  return new FastifyAdapter({
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    trustProxy: http.trustedProxies.length > 0 ? (address) => proxies.trusts(address) : false,
    bodyLimit: BODY_LIMIT_BYTES,
    multipart: false,
    requestTimeout: TIMEOUTS.request,
    keepAliveTimeout: TIMEOUTS.keepAlive,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    schemaController: { compilersFactory: { buildValidator: hasNoSchemas, buildSerializer: hasNoSchemas } },
    // hardening.ts answers a missing Host, with a body.
    http: { requireHostHeader: false, headersTimeout: TIMEOUTS.headers, connectionsCheckingInterval: TIMEOUTS.check },
    rewriteUrl: (request: IncomingMessage) => withoutPageSlash(withoutPrefix(routable(request), prefix)),
    clientErrorHandler: () => undefined,
  });
}

/** Fastify would load its own compilers, a hundred files, at each start. */
function hasNoSchemas(): never {
  throw new Error('Routes have DTOs (class-validator), and no schema of Fastify.');
}

/** Mail programs and proxies add a slash to the links of mails. */
function withoutPageSlash(url: string): string {
  return url.replace(/^\/(confirm|reset|undo|forgot|email-login)\/(?=\?|$)/, '/$1');
}

export async function configureApp(app: NestFastifyApplication, config: Config, logger: Logger): Promise<void> {
  const fastify = app.getHttpAdapter().getInstance();
  const readiness = app.get(Readiness);
  const proxies = new Proxies(config.http.trustedProxies);
  const rules = { ...config.http, proxies, isDraining: () => readiness.draining };
  const counters = config.rateLimit ? app.get<Counters>(COUNTERS) : undefined;
  const limit = counters && (async (network: string) => hitAddress(counters, network));
  const answers = new RawAnswers({ ...rules, limit }, logger);
  const limits = {
    inAll: config.workers > 1 ? maxConnections() : undefined,
    perAddress: config.rateLimit ? config.http.connectionsPerAddress : undefined,
    isExempt: (address: string) => proxies.trusts(address),
  };
  app.get(UserTurns).endWithHandlers(fastify);
  answerInCookies(fastify, config);
  const tracing = new Tracing();
  tracing.begin(fastify);
  trackMethods(fastify);
  const database = app.get(DataSource);
  const prefix = prefixOf(config.http.publicUrl);
  const queue = new ServeQueue(
    () => poolOf(database).waitingCount >= config.database.poolMax,
    (request) => withoutPrefix(routable(request), prefix),
  );
  const connections = new Connections(limits, answers, queue);
  connections.guard(fastify);
  labelAnswers(fastify, rules);
  sendLongTextAsBytes(fastify);
  const underWay = new UnderWay();
  underWay.follow(fastify);
  limitHandlers(fastify, underWay, TIMEOUTS);
  trackPrefix(fastify, proxies, prefix);
  queue.refuseOverdue(fastify);
  warnOfUntrustedProxies(fastify, proxies, logger);
  if (counters) limitAddresses(fastify, counters);
  refuseRequests(fastify, rules);
  requireKnownHosts(fastify, config.http);
  acceptOnlyJson(fastify);
  const activity = app.get(Activity);
  const seen = [requestLog(fastify, logger, tracing), app.get(Metrics).observeRequest, noteUse(activity), tracing.end];
  onAnswered(fastify, seen);
  observeRooms(app, underWay);
  // The jobs of all workers are the first one's, also while the others have all requests.
  if (config.workers > 1 && config.runsJobs) activity.useWhile(() => true);
  app.get(Metrics).observeConnections({ connections, answers });
  app.get(Metrics).observeQueue(queue);
  const { replicas } = app.get(Reads);
  if (replicas) announceWrites(fastify, replicas);
  configureAddresses(app);
  app.useGlobalPipes(new ValidationPipe());
  app.useGlobalFilters(new ProblemFilter(logger, translateDatabaseError));
  await serveDocumentation(app, fastify, config);
}

/** Public requests write, too. Probes and addresses that do not exist are no use. */
function noteUse(activity: Activity): AnswerObserver {
  return ({ routeOptions: { url } }) => {
    if (url?.startsWith('/api/') === true) activity.use();
  };
}

export function configureAddresses(app: NestFastifyApplication): void {
  app.setGlobalPrefix('api', { exclude: BARE });
  app.enableVersioning({ type: VersioningType.URI, defaultVersion: ['1', VERSION_NEUTRAL] });
}

async function serveDocumentation(
  app: NestFastifyApplication,
  fastify: FastifyInstance,
  { http }: Config,
): Promise<void> {
  let document: ReturnType<typeof buildOpenApi> | undefined;
  const build = (swagger: Swagger): ReturnType<typeof buildOpenApi> => (document ??= buildOpenApi(app, swagger));
  // A buffer for each prefix would be one for each client that makes one up, and does not read.
  let rest: Buffer | undefined;
  fastify.get('/openapi.json', async ({ prefix }, reply) => {
    rest ??= Buffer.from(JSON.stringify({ ...build(await loadSwagger()), servers: undefined }).slice(1));
    const start = Buffer.from(`{"servers":${JSON.stringify([{ url: prefix || '/' }])},`);
    sharesBody(reply.raw);
    void reply.type('application/json; charset=utf-8').header('content-length', start.length + rest.length);
    return reply.send(Readable.from([start, rest]));
  });
  if (!http.docs) return;
  const swagger = await loadSwagger();
  swagger.SwaggerModule.setup('docs', app, () => build(swagger), {
    raw: false,
    customSiteTitle: 'Roost',
    swaggerOptions: { persistAuthorization: true },
  });
}
