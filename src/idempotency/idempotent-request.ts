import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';

import type { AuthenticatedRequest } from '../common/access.js';
import { invalid } from '../common/errors.js';
import { IDEMPOTENCY_KEY, IDEMPOTENCY_REPLAYED } from '../http/openapi/common-answers.js';

export interface IdempotentRequest {
  readonly key: string | undefined;
  readonly userId: string | undefined;
  /** In the place of a user, who is not there yet: the address that registers. */
  readonly address?: string;
  readonly route: string;
  /** The parameters of the path, and the body, as JSON. */
  readonly content: string;
  readonly onReplay: () => void;
}

const MAX_LENGTH = 255;

const QUOTED = /^"(?<inner>(?:[ !#-[\]-~]|\\["\\])*)"$/;

const documented = ApiHeader({
  name: IDEMPOTENCY_KEY,
  required: false,
  description:
    'Makes the request safe to repeat: 1 to 255 printable characters of ASCII, quoted or not, random for each request. For 24 ' +
    'hours the same key with the same body gives the first answer again.',
  schema: {
    type: 'string',
    minLength: 1,
    maxLength: 2 * (MAX_LENGTH + 1),
    examples: ['0b2f3c6e-5d0e-4a57-9a3a-8c1f8f9d2c11'],
  },
});

/** The request of a route that takes an Idempotency-Key, for `Idempotency`. @throws AppError `validation_failed` */
export const Idempotent = createParamDecorator(
  (_: unknown, context: ExecutionContext): IdempotentRequest => {
    const http = context.switchToHttp();
    const [request, reply] = [http.getRequest<AuthenticatedRequest>(), http.getResponse<FastifyReply>()];
    const key = keyOf(request);
    return {
      key,
      userId: request.user?.userId,
      route: routeOf(request),
      content: key === undefined ? '' : JSON.stringify([request.params, request.body]),
      onReplay: () => void reply.header(IDEMPOTENCY_REPLAYED, 'true'),
    };
  },
  [(target, name = '') => documented(target, name, Object.getOwnPropertyDescriptor(target, name) ?? {})],
);

function keyOf({ headers, raw }: AuthenticatedRequest): string | undefined {
  const name = IDEMPOTENCY_KEY.toLowerCase();
  const value = headers[name];
  if (value === undefined) return undefined;
  if (raw.headersDistinct[name]?.length !== 1) throw fault('repeated', 'must be there once');
  const text = String(value);
  const key = text.startsWith('"') ? QUOTED.exec(text)?.groups?.inner?.replace(/\\(.)/g, '$1') : text;
  if (key === undefined || !/^[ -~]*$/.test(key))
    throw fault('wrong_format', 'must be printable ASCII, or a string of RFC 8941');
  if (key === '') throw fault('too_short', 'must not be empty');
  if (key.length > MAX_LENGTH) throw fault('too_long', `must have at most ${MAX_LENGTH} characters`);
  return key;
}

function fault(code: string, detail: string): Error {
  return invalid({ pointer: '#/idempotency-key', in: 'header', code, detail });
}

function routeOf({ method, routeOptions: { url = '' } }: AuthenticatedRequest): string {
  return `${method} ${url.replace(/^.*?\/api(?:\/v1)?(?=\/)/, '')}`;
}
