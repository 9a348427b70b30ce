/** What Fastify leaves open by default, before a body is read: the headers of every answer, hosts, plain HTTP, methods. */
import type { IncomingMessage } from 'node:http';

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { unrouted } from './allowed-methods.js';
import { corsHeaders, isPreflight, preflightHeaders } from './cors.js';
import { AppError } from '../common/errors.js';
import type { Proxies, Spoken } from './forwarding.js';
import { problemReply, SECURITY_HEADERS } from './problem.js';

/** The interactive reference runs scripts and inline styles, all of its own origin. */
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

const HSTS = 'max-age=63072000; includeSubDomains';
/** Far below the 2,000 from which on Node drops headers unseen, a second Host among them. */
const MAX_HEADERS = 200;

/** RFC 9112 section 3.2 and RFC 3986 section 3.2: a name or an address, and a port. */
const HOST = /^(?:[a-z0-9](?:[a-z0-9._-]{0,253})|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i;

/** Answers an error that never reaches Nest, on a reply of Fastify's. */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, error: AppError): void {
  const { problem, headers } = problemReply(error, request);
  reply.problemCode = problem.code;
  void reply.code(problem.status).headers(SECURITY_HEADERS).headers(headers).send(JSON.stringify(problem));
}

export interface HttpRules {
  readonly httpsOnly: boolean;
  readonly proxies: Proxies;
  /** The web pages that may read answers; exact origins, without credentials. */
  readonly corsOrigins: readonly string[];
  /** Once true, every answer asks its client to leave this instance. */
  readonly isDraining: () => boolean;
}

/** Of a request, as far as it could be read. */
export type Labelled = Pick<FastifyRequest, 'id' | 'headers'> & Spoken;

/** The headers of every answer, also of one that is not Fastify's. */
export function answerHeaders(
  request: Labelled,
  { httpsOnly, proxies, corsOrigins }: Omit<HttpRules, 'isDraining'>,
): Record<string, string> {
  return {
    ...SECURITY_HEADERS,
    ...corsHeaders(request, corsOrigins),
    'x-request-id': request.id,
    'cache-control': 'no-store',
    // RFC 6797 section 7.2: never over plain HTTP.
    ...(httpsOnly && proxies.isSecure(request) ? { 'strict-transport-security': HSTS } : {}),
  };
}

/** Labels every answer. Stands before {@link refuseRequests} and all that answers by itself. */
export function labelAnswers(fastify: FastifyInstance, rules: HttpRules): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.headers(answerHeaders(request, rules));
    if (/^\/docs(?:\/|$)/.test(request.routeOptions.url ?? ''))
      void reply.header('content-security-policy', DOCS_POLICY);
    done();
  });
  // Also of a request that came before: its connection would be kept open for the next one.
  fastify.addHook('onSend', async ({ raw }, reply) => {
    if (rules.isDraining() || isChunkedStill(raw)) void reply.header('connection', 'close');
  });
}

/** What still comes is dropped as bytes: to parse megabytes of small chunks, for the next request, takes seconds. */
function isChunkedStill({ complete, headers }: IncomingMessage): boolean {
  return !complete && headers['transfer-encoding'] !== undefined;
}

/** What is refused outright, before anything of the body is read. */
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

/** Load balancers, scrapers and services call these inside the network, where TLS has ended. */
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
  try {
    decodeURIComponent(target);
    return true;
  } catch {
    return false;
  }
}

/** Fastify's own default. */
const MAX_PARAM_LENGTH = 100;

function hasLongParameter({ params }: FastifyRequest): boolean {
  return Object.values(params as Record<string, string>).some(({ length }) => length > MAX_PARAM_LENGTH);
}

/** Those that Node does not answer with 100 by itself. */
function hasUnknownExpectation({ headers: { expect }, httpVersionMinor }: IncomingMessage): boolean {
  return httpVersionMinor === 1 && expect !== undefined && !/(?:^|\W)100-continue(?:$|\W)/i.test(expect);
}

/** What the router may see; {@link refuseRequests} judges the target itself. */
export function routable({ url = '' }: IncomingMessage): string {
  const target = originForm(url);
  return isReadable(target) ? target : '/';
}

/**
 * Of an absolute-form target (RFC 9112 section 3.2.2) only path and query: the authority is the client's word, and
 * would find its way into rules about paths, logs and links.
 */
export function originForm(target: string): string {
  const [path = ''] = target.replace(/^https?:\/\/[^/?#]*/i, '').split('#', 1);
  return path.startsWith('/') ? path : `/${path}`;
}
