/** Answers requests that never reach Fastify: written to the socket, counted and logged like others. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';

import { networkOf } from '../../common/address.js';
import { unrouted } from '../allowed-methods.js';
import type { CloseReason } from './connection.js';
import type { ErrorCode } from '../../common/error-codes.js';
import { AppError } from '../../common/errors.js';
import { answerHeaders, type HttpRules, type Labelled, originForm } from '../hardening.js';
import { prefixOf } from '../forwarding.js';
import { problemReply } from '../problem.js';
import { SampledLog } from './sampled-log.js';

const CODE_OF_PARSER_ERROR: Partial<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'payload_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
};

export interface ParserError extends Error {
  readonly code?: string;
  readonly rawPacket?: Buffer;
  readonly bytesParsed?: number;
}

export interface RawRules extends HttpRules {
  readonly limit:
    ((network: string) => Promise<{ headers: Record<string, string>; refusal: AppError | undefined }>) | undefined;
}

type Headers = Labelled['headers'];

interface Unfinished {
  readonly method?: string | undefined;
  readonly headers?: Headers | undefined;
}

export class RawAnswers {
  readonly refused = new Map<string, number>();
  readonly closed = new Map<string, number>();
  private readonly refusals: SampledLog;
  private readonly closings: SampledLog;

  constructor(
    private readonly rules: RawRules,
    logger: Logger,
  ) {
    this.refusals = new SampledLog(logger, 'request refused');
    this.closings = new SampledLog(logger, 'connection closed');
  }

  malformed(
    socket: Socket,
    error: ParserError,
    { allowedMethods, unfinished }: Pick<FastifyInstance, 'allowedMethods'> & { unfinished: Unfinished | undefined },
  ): Promise<string> {
    const packet = headOf(error);
    const { method, headers } = unfinished ?? { method: METHOD.exec(packet)?.[0], headers: readableHeaders(packet) };
    const target = error.code === 'HPE_INVALID_METHOD' ? REQUEST_LINE.exec(packet)?.[1] : undefined;
    const refusal =
      target === undefined
        ? new AppError(CODE_OF_PARSER_ERROR[error.code ?? ''] ?? 'malformed_request')
        : unrouted(allowedMethods(originForm(target)));
    return this.refuse(socket, refusal, { method, headers });
  }

  unrouted(
    socket: Socket,
    { url = '', headers }: IncomingMessage,
    allowedMethods: FastifyInstance['allowedMethods'],
  ): Promise<string> {
    return this.refuse(socket, unrouted(allowedMethods(originForm(url))), { method: 'CONNECT', headers });
  }

  async refuse(socket: Socket, error: AppError, { method, headers = {} }: Unfinished = {}): Promise<string> {
    const request: Labelled & { url: string } = { id: randomUUID(), url: '', headers, socket };
    const ip = this.rules.proxies.clientOf(request);
    const hit = await this.rules.limit?.(networkOf(ip));
    const { problem, headers: own } = problemReply(hit?.refusal ?? error, {
      ...request,
      prefix: prefixOf(this.rules.publicUrl),
    });
    const { code, status } = problem;
    this.refused.set(code, (this.refused.get(code) ?? 0) + 1);
    this.refusals.info(`${code} ${networkOf(ip)}`, { request_id: request.id, status, code, ip });
    const response = responseOf(problem, { ...answerHeaders(request, this.rules), ...hit?.headers, ...own });
    return method === 'HEAD' ? response.head : response.head + response.body;
  }

  noteClosed(reason: CloseReason, address: string): void {
    this.closed.set(reason, (this.closed.get(reason) ?? 0) + 1);
    const kind = reason === 'too_many_connections' ? reason : `${reason} ${networkOf(address)}`;
    this.closings.info(kind, { event: 'connection_closed', reason, ip: address });
  }
}

const END = '\r\n\r\n';
const METHOD = /^[A-Z]+(?= )/;
/** RFC 9110 section 5.6.2: a method is a token, also one unknown to Node. */
const REQUEST_LINE = /^[\w!#$%&'*+.^`|~-]+ (\/\S*) HTTP\/1\.[01]\r\n/;

function headOf({ rawPacket, bytesParsed = 0 }: ParserError): string {
  const packet = rawPacket?.toString('latin1') ?? '';
  const before = bytesParsed < END.length ? -1 : packet.lastIndexOf(END, bytesParsed - END.length);
  return before === -1 ? packet : packet.slice(before + END.length);
}

/** A proxy may add its lines behind those of the client: without the end of the head, nobody knows what it said. */
function readableHeaders(packet: string): Headers {
  const end = packet.indexOf(END);
  const head = packet.slice(0, Math.max(end, 0));
  const find = (name: string): string | undefined => {
    const lines = [...head.matchAll(new RegExp(`(?<=\r\n)${name}:[ \t]*([^\r\n]*)`, 'gi'))];
    return lines.length === 0 ? undefined : lines.map(([, value]) => value).join(', ');
  };
  return {
    origin: find('origin'),
    'x-forwarded-for': find('x-forwarded-for'),
    'x-forwarded-proto': find('x-forwarded-proto'),
  };
}

function responseOf(
  problem: { status: number; title: string },
  headers: Record<string, string>,
): { head: string; body: string } {
  const body = JSON.stringify(problem);
  const fields = { ...headers, 'content-length': String(Buffer.byteLength(body)), connection: 'close' };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return { head: `HTTP/1.1 ${problem.status} ${problem.title}\r\n${lines.join('')}\r\n`, body };
}
