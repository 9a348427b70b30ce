import { createParamDecorator, type ExecutionContext } from '@nestjs/common';

import type { AuthenticatedRequest, Caller, Principal } from './access.js';
import { addressOf } from './address.js';

export interface Client {
  readonly ip: string | null;
  readonly userAgent: string | null;
  readonly requestId: string | null;
  readonly isGone: () => boolean;
}

export interface Actor extends Client {
  readonly principal: Principal;
}

export const NO_CLIENT: Client = { ip: null, userAgent: null, requestId: null, isGone: () => false };

export const USER_AGENT_MAX_LENGTH = 512;

export const From = createParamDecorator((_: unknown, context: ExecutionContext): Client & { principal?: Caller } =>
  clientOf(context.switchToHttp().getRequest<AuthenticatedRequest>()),
);

function clientOf(request: AuthenticatedRequest): Client & { principal?: Caller } {
  const { socket, user } = request;
  return {
    ip: addressOf(request.ip),
    userAgent: request.headers['user-agent']?.slice(0, USER_AGENT_MAX_LENGTH) ?? null,
    requestId: request.id,
    // A half-closed connection looks like a closed one until something is written.
    isGone: () => socket.destroyed || socket.readableEnded,
    ...(user && { principal: user }),
  };
}
