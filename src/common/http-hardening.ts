/** What Fastify and Node leave open by default: hosts, methods, raw errors, headers. Each rule names what it is against. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import findMyWay, { type HTTPMethod } from 'find-my-way';

import { AppError } from './errors.js';
import type { ErrorCode } from './error-codes.js';
import { problemReply } from './problem.js';

export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'x-frame-options': 'DENY',
};

const HSTS = 'max-age=63072000; includeSubDomains';
export const MAX_PARAM_LENGTH = 100;

/** RFC 9112 section 3.2 and RFC 3986 section 3.2: a name or an address, and a port. */
const HOST = /^(?:[a-z0-9](?:[a-z0-9._-]{0,253})|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i;

/** Answers an error that never reaches Nest, on a reply of Fastify's. */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, error: AppError): void {
  const { problem, headers } = problemReply(error, request);
  void reply.code(problem.status).headers(SECURITY_HEADERS).headers(headers).send(JSON.stringify(problem));
}

export interface HttpRules {
  readonly httpsOnly: boolean;
  /** Once true, every answer asks its client to leave this instance. */
  readonly isDraining: () => boolean;
}

/** Before anything else is done with a request: the headers of every answer, and what is refused outright. */
export function hardenRequests(fastify: FastifyInstance, { httpsOnly, isDraining }: HttpRules): void {
  const allowedMethods = trackMethods(fastify);
  const headers = httpsOnly ? { ...SECURITY_HEADERS, 'strict-transport-security': HSTS } : SECURITY_HEADERS;
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.headers(headers).header('x-request-id', request.id).header('cache-control', 'no-store');
    if (isDraining()) void reply.header('connection', 'close');
    const refusal = refuse(request, httpsOnly) ?? (request.is404 ? unrouted(allowedMethods(request.url)) : undefined);
    if (refusal) sendProblem(request, reply, refusal);
    else done();
  });
}

function refuse(request: FastifyRequest, httpsOnly: boolean): AppError | undefined {
  const { raw } = request;
  if (raw.httpVersionMajor < 1) return new AppError('http_version_not_supported');
  if (!hasOneValidHost(raw)) return new AppError('invalid_host');
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

/** What Node's parser refuses never becomes a request: the answer is written to the socket. */
export function answerParserError(error: Error & { code?: string }, socket: Socket, requestId: string): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { problem, headers } = problemReply(
    new AppError(CODE_OF_PARSER_ERROR[error.code ?? ''] ?? 'malformed_request'),
    { id: requestId, url: '' },
  );
  const body = JSON.stringify(problem);
  const fields = {
    ...SECURITY_HEADERS,
    ...headers,
    'x-request-id': requestId,
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  };
  const head = Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  socket.end(`HTTP/1.1 ${problem.status} ${problem.title}\r\n${head}\r\n${body}`);
}

/** Node answers an `Expect` that it does not know with an empty 417. */
export function answerExpectation(_request: IncomingMessage, response: ServerResponse, requestId: string): void {
  const { problem, headers } = problemReply(new AppError('expectation_failed'), { id: requestId, url: '' });
  response
    .writeHead(problem.status, { ...SECURITY_HEADERS, ...headers, 'x-request-id': requestId })
    .end(JSON.stringify(problem));
}
