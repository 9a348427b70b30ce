/** Errors that never become a request of Fastify's: the answer is written to the socket, in the same one shape. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import type { FastifyInstance } from 'fastify';

import { unrouted } from './allowed-methods.js';
import type { ErrorCode } from './error-codes.js';
import { AppError } from './errors.js';
import { originForm } from './http-hardening.js';
import { problemReply, SECURITY_HEADERS } from './problem.js';

const CODE_OF_PARSER_ERROR: Partial<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
};

/** The newest response on each connection. */
const exchanges = new WeakMap<Socket, ServerResponse>();

export function trackExchanges(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    exchanges.set(request.raw.socket, reply.raw);
    done();
  });
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
