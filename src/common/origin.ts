/** Where a request comes from, as sessions and the audit keep it. */
import type { FastifyRequest } from 'fastify';

import { addressOf } from './address.js';

export interface Origin {
  /** Null when what a proxy says is no address. */
  readonly ip: string | null;
  readonly userAgent: string | null;
  /** UUID of `X-Request-Id`; null where no request is behind it. */
  readonly requestId: string | null;
}

const USER_AGENT_MAX_LENGTH = 512;

export function originOf(request: FastifyRequest): Origin {
  return {
    ip: addressOf(request.ip),
    userAgent: request.headers['user-agent']?.slice(0, USER_AGENT_MAX_LENGTH) ?? null,
    requestId: request.id,
  };
}
