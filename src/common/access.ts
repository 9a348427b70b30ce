/** Who may call a route, and the caller. Every route is closed unless it declares otherwise. */
import { applyDecorators, createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';

export const ROLES = ['user', 'moderator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

export interface Principal {
  readonly userId: string;
  readonly sessionId: string;
  readonly role: Role;
  readonly epoch: number;
  readonly secondFactor?: boolean;
}

export interface Caller extends Principal {
  readonly expiresAt: number;
  /** Of a personal access token, whose id is the `sessionId`. Undefined: of a session, which needs no scope. */
  readonly scopes?: readonly string[];
}

export function isStaff({ role }: Pick<Principal, 'role'>): boolean {
  return role !== 'user';
}

/** `public` ignores a bearer token, `optional` checks it when present, `service` needs SERVICE_TOKEN. */
export type Access = 'public' | 'optional' | 'service' | readonly Role[];

export const ACCESS = Symbol('access');

export const Public = (): MethodDecorator & ClassDecorator => access('public');

export const OptionalAuth = (): MethodDecorator & ClassDecorator => access('optional');

export const ForServices = (): MethodDecorator & ClassDecorator => access('service');

export const Roles = (...roles: Role[]): MethodDecorator & ClassDecorator => access(roles);

function access(value: Access): MethodDecorator & ClassDecorator {
  return applyDecorators(SetMetadata(ACCESS, value), ApiExtension('x-access', value));
}

export const STEP_UP = Symbol('step up');

export interface StepUpOptions {
  /** The body has the current password, which is the proof of an account without a second factor. */
  readonly passwordInBody?: boolean;
}

/** The route needs a proof of at most ten minutes ago: a password, or a second factor of an account that has one. */
export const StepUp = (options: StepUpOptions = {}): MethodDecorator =>
  applyDecorators(SetMetadata(STEP_UP, options), ApiExtension('x-step-up', true));

const SCOPED = Symbol('scope group');

/** Opens routes to personal access tokens: of the group `profile`, GET needs `profile:read`, and other methods `profile:write`. */
export const Scoped = (group: string): MethodDecorator & ClassDecorator => scoped(group);

/** Closes a route of a scoped controller to personal access tokens. */
export const SessionOnly = (): MethodDecorator & ClassDecorator => scoped(null);

function scoped(group: string | null): MethodDecorator & ClassDecorator {
  return applyDecorators(SetMetadata(SCOPED, group), ApiExtension('x-scopes', group));
}

export function scopeGroupOf(handler: object, controller: object): string | undefined {
  const own = Reflect.getMetadata(SCOPED, handler) as string | null | undefined;
  return (own === undefined ? (Reflect.getMetadata(SCOPED, controller) as string | undefined) : own) ?? undefined;
}

export function scopeOf(group: string, method = ''): string {
  return `${group}:${/^(?:GET|HEAD)$/i.test(method) ? 'read' : 'write'}`;
}

export interface AuthenticatedRequest extends FastifyRequest {
  user?: Caller;
}

export const CurrentUser = createParamDecorator(
  (_: unknown, context: ExecutionContext) => context.switchToHttp().getRequest<AuthenticatedRequest>().user,
);
