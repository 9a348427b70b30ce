/** What Fastify and Node leave open by default: hosts, methods, raw errors, headers. Each rule names what it is against. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import findMyWay, { type HTTPMethod } from 'find-my-way';

import { corsHeaders, isPreflight, PREFLIGHT_HEADERS } from './cors.js';
import { AppError } from './errors.js';
import type { ErrorCode } from './error-codes.js';
import { problemReply } from './problem.js';

declare module 'fastify' {
  interface FastifyInstance {
    /** The methods that an address takes; none for an unknown address. */
    allowedMethods: (url: string) => string[];
  }
}

export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'x-frame-options': 'DENY',
};

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
export const MAX_PARAM_LENGTH = 100;
/** Far below the 2,000 from which on Node drops headers unseen, a second Host among them. */
const MAX_HEADERS = 200;

/** RFC 9112 section 3.2 and RFC 3986 section 3.2: a name or an address, and a port. */
const HOST = /^(?:[a-z0-9](?:[a-z0-9._-]{0,253})|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i;

/** Answers an error that never reaches Nest, on a reply of Fastify's. */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, error: AppError): void {
  const { problem, headers } = problemReply(error, request);
  void reply.code(problem.status).headers(SECURITY_HEADERS).headers(headers).send(JSON.stringify(problem));
}

export interface HttpRules {
  readonly httpsOnly: boolean;
  /** The web pages that may read answers; exact origins, without credentials. */
  readonly corsOrigins: readonly string[];
  /** Once true, every answer asks its client to leave this instance. */
  readonly isDraining: () => boolean;
}

/** The headers of every answer. Stands before {@link refuseRequests} and all that answers by itself. */
export function labelAnswers(fastify: FastifyInstance, { httpsOnly, corsOrigins, isDraining }: HttpRules): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    trackExchange(request.raw.socket, reply.raw);
    void reply
      .headers(SECURITY_HEADERS)
      .headers(corsHeaders(request, corsOrigins))
      .headers({ 'x-request-id': request.id, 'cache-control': 'no-store' });
    if (httpsOnly) void reply.header('strict-transport-security', HSTS);
    if (/^\/docs(?:\/|$)/.test(request.routeOptions.url ?? ''))
      void reply.header('content-security-policy', DOCS_POLICY);
    if (isDraining()) void reply.header('connection', 'close');
    done();
  });
}

/** What is refused outright, before anything of the body is read. */
export function refuseRequests(fastify: FastifyInstance, { httpsOnly, corsOrigins }: HttpRules): void {
  const allowedMethods = trackMethods(fastify);
  fastify.decorate('allowedMethods', allowedMethods);
  fastify.addHook('onRequest', (request, reply, done) => {
    const refusal = refuse(request, httpsOnly);
    if (refusal) sendProblem(request, reply, refusal);
    else if (!request.is404) done();
    else if (isPreflight(request, corsOrigins)) void reply.code(204).headers(PREFLIGHT_HEADERS).send();
    else sendProblem(request, reply, unrouted(allowedMethods(request.url)));
  });
}

function refuse(request: FastifyRequest, httpsOnly: boolean): AppError | undefined {
  const { raw } = request;
  if (raw.httpVersionMajor !== 1) return new AppError('http_version_not_supported');
  if (raw.rawHeaders.length > 2 * MAX_HEADERS) return new AppError('headers_too_large');
  if (!hasOneValidHost(raw)) return new AppError('invalid_host');
  if (!hasReadableQuery(request.url)) return new AppError('malformed_request');
  const unprotected = httpsOnly && request.protocol !== 'https' && !request.url.startsWith('/health/');
  return unprotected ? new AppError('https_required') : undefined;
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

/** The query parser takes a broken percent-encoding for text. */
function hasReadableQuery(url: string): boolean {
  const start = url.indexOf('?');
  try {
    if (start !== -1) decodeURIComponent(url.slice(start));
    return true;
  } catch {
    return false;
  }
}

/**
 * Of an absolute-form target (RFC 9112 section 3.2.2) only path and query: the authority is the client's word, and
 * would find its way into rules about paths, logs and links.
 */
export function originForm(target: string): string {
  const [path = ''] = target.replace(/^https?:\/\/[^/?#]*/i, '').split('#', 1);
  return path.startsWith('/') ? path : `/${path}`;
}

/** RFC 9110 section 15.5.6: an address that exists, and a method that it does not take. */
function unrouted(allowed: readonly string[]): AppError {
  return allowed.length > 0
    ? new AppError('method_not_allowed', { headers: { allow: allowed.join(', ') } })
    : new AppError('route_not_found');
}

/** A second router of the same kind, asked only when the first found nothing, says which methods an address takes. */
function trackMethods(fastify: FastifyInstance): (url: string) => string[] {
  const router = findMyWay({ maxParamLength: MAX_PARAM_LENGTH });
  const methods = new Set<HTTPMethod>();
  fastify.addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat() as HTTPMethod[]) {
      methods.add(each);
      if (!router.hasRoute(each, url)) router.on(each, url, () => undefined);
    }
  });
  return (url) => [...methods].filter((method) => router.find(method, url.split('?')[0] ?? '') !== null).sort();
}

/** The router's own refusals: a malformed address, or one that is too long. */
export function answerRouterError(
  error: Error & { code?: string },
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  sendProblem(
    request,
    reply,
    new AppError(error.code === 'FST_ERR_MAX_PARAM_LENGTH' ? 'uri_too_long' : 'malformed_request'),
  );
}

const CODE_OF_PARSER_ERROR: Partial<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
};

/** The newest response on each connection. */
const exchanges = new WeakMap<Socket, ServerResponse>();

function trackExchange(socket: Socket, response: ServerResponse): void {
  exchanges.set(socket, response);
}

/** An answer out of turn would be taken for that of another request (response splitting by pipelining). */
function isOurTurn(socket: Socket): boolean {
  const response = exchanges.get(socket);
  if (response === undefined) return true;
  return response.req.complete ? response.writableEnded : !response.headersSent;
}

export interface ParserError extends Error {
  readonly code?: string;
  /** A Buffer, whatever Fastify's types say. */
  readonly rawPacket?: unknown;
}

/** RFC 9110 section 5.6.2: a method is a token, also one that Node does not know. */
const REQUEST_LINE = /^[\w!#$%&'*+.^`|~-]+ (\/\S*) HTTP\/1\.[01]\r\n/;

/** What Node's parser refuses never becomes a request: the answer is written to the socket. */
export function answerParserError(fastify: FastifyInstance, error: ParserError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable || !isOurTurn(socket)) {
    socket.destroy();
    return;
  }
  const target = error.code === 'HPE_INVALID_METHOD' ? targetOf(error.rawPacket) : undefined;
  if (target !== undefined) answerUnrouted(fastify, target, socket);
  else writeProblem(socket, new AppError(CODE_OF_PARSER_ERROR[error.code ?? ''] ?? 'malformed_request'));
}

function targetOf(packet: unknown): string | undefined {
  return Buffer.isBuffer(packet) ? REQUEST_LINE.exec(packet.toString('latin1'))?.[1] : undefined;
}

/** For a method that never becomes a request: one that Node does not know, or CONNECT. */
export function answerUnrouted(fastify: FastifyInstance, target: string, socket: Duplex): void {
  writeProblem(socket, unrouted(fastify.allowedMethods(originForm(target))));
}

function writeProblem(socket: Duplex, error: AppError): void {
  const { problem, headers } = problemReply(error, { id: randomUUID(), url: '' });
  const body = JSON.stringify(problem);
  const fields = {
    ...SECURITY_HEADERS,
    ...headers,
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  };
  const head = Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  socket.end(`HTTP/1.1 ${problem.status} ${problem.title}\r\n${head}\r\n${body}`);
}

/** Node answers an `Expect` that it does not know with an empty 417. */
export function answerExpectation(_request: IncomingMessage, response: ServerResponse): void {
  const { problem, headers } = problemReply(new AppError('expectation_failed'), { id: randomUUID(), url: '' });
  const body = JSON.stringify(problem);
  response
    .writeHead(problem.status, { ...SECURITY_HEADERS, ...headers, 'content-length': Buffer.byteLength(body) })
    .end(body);
}
