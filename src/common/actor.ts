/** Who asks for something, and from where. */
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';

import type { AuthenticatedRequest, Caller, Principal } from './access.js';
import { addressOf } from './address.js';

/** Where a request comes from, as sessions and the audit keep it. */
export interface Client {
  /** Null when what a proxy says is no address. */
  readonly ip: string | null;
  readonly userAgent: string | null;
  /** UUID of `X-Request-Id`; null where no request is behind it. */
  readonly requestId: string | null;
  /** Whether it has hung up meanwhile: nothing is hashed for it. */
  readonly isGone: () => boolean;
}

/** A client that is logged in. */
export interface Actor extends Client {
  readonly principal: Principal;
}

/** What nobody asks for: work of the server itself. */
export const NO_CLIENT: Client = { ip: null, userAgent: null, requestId: null, isGone: () => false };

const USER_AGENT_MAX_LENGTH = 512;

/** The client of a request: an {@link Actor} wherever the route asks for an access token. */
export const From = createParamDecorator((_: unknown, context: ExecutionContext): Client & { principal?: Caller } =>
  clientOf(context.switchToHttp().getRequest<AuthenticatedRequest>()),
);

function clientOf(request: AuthenticatedRequest): Client & { principal?: Caller } {
  const { socket, user } = request;
  return {
    ip: addressOf(request.ip),
    userAgent: request.headers['user-agent']?.slice(0, USER_AGENT_MAX_LENGTH) ?? null,
    requestId: request.id,
    // A closed half looks the same as a closed connection until something is written.
    isGone: () => socket.destroyed || socket.readableEnded,
    ...(user && { principal: user }),
  };
}
