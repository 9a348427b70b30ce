/** Closes what Fastify leaves open: response headers, hosts, plain HTTP, methods. Runs before the body is read. */
import type { IncomingMessage } from 'node:http';

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { unrouted } from './allowed-methods.js';
import { beforeSending } from './before-sending.js';
import { corsHeaders, isPreflight, preflightHeaders } from './cors.js';
import { AppError } from '../common/errors.js';
import type { Proxies, Spoken } from './forwarding.js';
import { problemReply, SECURITY_HEADERS } from './problem.js';

const DOCS_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const OF_ALL = { ...SECURITY_HEADERS, 'cache-control': 'no-store' };
const HSTS = 'max-age=63072000; includeSubDomains';
/** Node silently drops headers beyond 2,000, a second Host among them. */
const MAX_HEADERS = 200;

/** RFC 9112 section 3.2 and RFC 3986 section 3.2: a name or an address, and a port. */
const HOST = /^(?:[a-z0-9](?:[a-z0-9._-]{0,253})|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i;

export function sendProblem(request: FastifyRequest, reply: FastifyReply, error: AppError): void {
  const { problem, headers } = problemReply(error, request);
  reply.problemCode = problem.code;
  void reply.code(problem.status).headers(SECURITY_HEADERS).headers(headers).send(JSON.stringify(problem));
}

export interface HttpRules {
  readonly publicUrl: string | undefined;
  readonly httpsOnly: boolean;
  readonly proxies: Proxies;
  readonly corsOrigins: readonly string[];
  readonly isDraining: () => boolean;
}

export type Labelled = Pick<FastifyRequest, 'id' | 'headers'> & Spoken;

export function answerHeaders(request: Labelled, rules: Omit<HttpRules, 'isDraining'>): Record<string, string> {
  return { ...OF_ALL, ...headersFor(request, rules), 'x-request-id': request.id };
}

function headersFor(
  request: Labelled,
  { httpsOnly, proxies, corsOrigins }: Omit<HttpRules, 'isDraining'>,
): Record<string, string> | undefined {
  // RFC 6797 section 7.2: never over plain HTTP.
  const isStrict = httpsOnly && proxies.isSecure(request);
  if (corsOrigins.length === 0 && !isStrict) return undefined;
  return { ...corsHeaders(request, corsOrigins), ...(isStrict && { 'strict-transport-security': HSTS }) };
}

export function labelAnswers(fastify: FastifyInstance, rules: HttpRules): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.headers(OF_ALL).header('x-request-id', request.id);
    const more = headersFor(request, rules);
    if (more) void reply.headers(more);
    if (/^\/docs(?:\/|$)/.test(request.routeOptions.url ?? ''))
      void reply.header('content-security-policy', DOCS_POLICY);
    done();
  });
  // Ends connections of earlier requests, too, which would otherwise stay open for the next one.
  beforeSending(fastify, ({ raw }, reply) => {
    if (rules.isDraining() || isChunkedStill(raw)) void reply.header('connection', 'close');
  });
}

/** The rest is dropped as bytes: parsing megabytes of small chunks takes seconds. */
function isChunkedStill({ complete, headers }: IncomingMessage): boolean {
  return !complete && headers['transfer-encoding'] !== undefined;
}

export function refuseRequests(fastify: FastifyInstance, { httpsOnly, proxies, corsOrigins }: HttpRules): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    const unprotected = httpsOnly && !proxies.isSecure(request) && !isForMachines(request);
    const refusal = refuse(request) ?? (unprotected ? new AppError('https_required') : undefined);
    if (refusal) sendProblem(request, reply, refusal);
    else if (!request.is404) done();
    else if (isPreflight(request, corsOrigins)) void reply.code(204).headers(preflightHeaders(request)).send();
    else sendProblem(request, reply, unrouted(fastify.allowedMethods(request.url)));
  });
}

function refuse(request: FastifyRequest): AppError | undefined {
  const { raw } = request;
  if (raw.httpVersionMajor !== 1) return new AppError('http_version_not_supported');
  if (raw.rawHeaders.length > 2 * MAX_HEADERS) return new AppError('headers_too_large');
  if (!hasOneValidHost(raw)) return new AppError('invalid_host');
  if (!isReadable(originForm(request.originalUrl))) return new AppError('malformed_request');
  if (!request.is404 && hasLongParameter(request)) return new AppError('uri_too_long');
  return hasUnknownExpectation(raw) ? new AppError('expectation_failed') : undefined;
}

/** Load balancers, scrapers and services call these over plain HTTP inside the network. */
function isForMachines({ routeOptions: { url = '' } }: FastifyRequest): boolean {
  return /^\/(?:health\/|metrics$|\.well-known\/jwks\.json$|api\/(?:v1\/)?auth\/revocations$)/.test(url);
}

/** Node takes the first of several Host headers; proxies may take the last. */
function hasOneValidHost({ rawHeaders, headers, httpVersionMinor }: IncomingMessage): boolean {
  if (headers.host === undefined) return httpVersionMinor === 0;
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  return hosts === 1 && HOST.test(headers.host);
}

/** The router refuses a broken percent-encoding in its own words; the query parser takes it for text. */
function isReadable(target: string): boolean {
  if (!target.includes('%')) return true;
  try {
    decodeURIComponent(target);
    return true;
  } catch {
    return false;
  }
}

const MAX_PARAM_LENGTH = 100;

function hasLongParameter({ params }: FastifyRequest): boolean {
  return Object.values(params as Record<string, string>).some(({ length }) => length > MAX_PARAM_LENGTH);
}

function hasUnknownExpectation({ headers: { expect }, httpVersionMinor }: IncomingMessage): boolean {
  return httpVersionMinor === 1 && expect !== undefined && !/(?:^|\W)100-continue(?:$|\W)/i.test(expect);
}

export function routable({ url = '' }: IncomingMessage): string {
  const target = originForm(url);
  return isReadable(target) ? target : '/';
}

/** Drops the authority (RFC 9112 section 3.2.2): the client's word must not reach rules of paths, logs and links. */
export function originForm(target: string): string {
  if (target.startsWith('/') && !target.includes('#')) return target;
  const [path = ''] = target.replace(/^https?:\/\/[^/?#]*/i, '').split('#', 1);
  return path.startsWith('/') ? path : `/${path}`;
}
