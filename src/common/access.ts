/** Who may call a route, and who is calling. Every route is closed unless it says otherwise here. */
import { applyDecorators, createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';

export const ROLES = ['user', 'moderator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** The caller, as the access token says. */
export interface Principal {
  readonly userId: string;
  readonly sessionId: string;
  readonly role: Role;
  /** The account's `token_epoch` when the token was made. */
  readonly epoch: number;
}

/** The principal of a request, for as long as the access token that came with it is valid. */
export interface Caller extends Principal {
  /** Seconds since 1970. */
  readonly expiresAt: number;
}

/** Whether somebody moderates. */
export function isStaff({ role }: Pick<Principal, 'role'>): boolean {
  return role !== 'user';
}

/**
 * - `public`: anybody, and a bearer token is not looked at;
 * - `optional`: anybody, but a bearer token, when there is one, must be valid;
 * - `service`: the bearer of SERVICE_TOKEN;
 * - roles: a valid bearer token of one of these roles.
 */
export type Access = 'public' | 'optional' | 'service' | readonly Role[];

export const ACCESS = Symbol('access');

export const Public = (): MethodDecorator & ClassDecorator => access('public');

export const OptionalAuth = (): MethodDecorator & ClassDecorator => access('optional');

export const ForServices = (): MethodDecorator & ClassDecorator => access('service');

export const Roles = (...roles: Role[]): MethodDecorator & ClassDecorator => access(roles);

/** For the guard, and for the OpenAPI document. */
function access(value: Access): MethodDecorator & ClassDecorator {
  return applyDecorators(SetMetadata(ACCESS, value), ApiExtension('x-access', value));
}

export interface AuthenticatedRequest extends FastifyRequest {
  user?: Caller;
}

/** The caller; undefined only where the route is public or its authentication optional. */
export const CurrentUser = createParamDecorator(
  (_: unknown, context: ExecutionContext) => context.switchToHttp().getRequest<AuthenticatedRequest>().user,
);
