/** The global guard: every route needs a valid access token of the right role, unless it declares otherwise. */
import { type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { AuthGuard as PassportGuard } from '@nestjs/passport';
import passport from 'passport';

import {
  ACCESS,
  type Access,
  type AuthenticatedRequest,
  type Caller,
  type Role,
  scopeGroupOf,
  scopeOf,
} from '../../common/access.js';
import { AppError } from '../../common/errors.js';
import { bearsSecret } from '../../common/crypto.js';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { bearerToken, JwtStrategy } from './jwt.strategy.js';

export interface OtherTokens {
  readonly prefix: string;
  verify(token: string): Promise<Caller>;
}

let registered = 0;

/** Registers by name: passport copies a named strategy per request, but would put one request's callbacks into a shared
 * object, and another request would get the answer. The name is unique: passport keeps names for the whole process. */
function register(strategy: JwtStrategy): string {
  const name = `jwt ${(registered += 1)}`;
  passport.use(name, strategy);
  return name;
}

@Injectable()
export class AuthGuard extends PassportGuard() {
  private readonly others: OtherTokens[] = [];

  constructor(
    private readonly strategy: JwtStrategy,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    super({ defaultStrategy: register(strategy) });
  }

  accept(tokens: OtherTokens): void {
    this.others.push(tokens);
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const access = accessOf(context);
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    if (access === 'public') return true;
    if (access === 'service') return this.admitService(request.headers.authorization);
    if (access === 'optional' && request.headers.authorization === undefined) return true;
    const token = bearerToken(request) ?? '';
    const other = this.others.find(({ prefix }) => request.headers.authorization?.includes(prefix));
    const remembered = this.strategy.recall(token);
    if (other) request.user = await other.verify(token);
    else if (remembered) request.user = await this.strategy.judge(remembered);
    else await super.canActivate(context);
    if (request.user?.scopes) requireScope(context, request.method, request.user.scopes);
    if (Array.isArray(access)) this.requireRole(access as readonly Role[], request.user);
    if (request.user && !this.mayActAsStaff(request.user)) request.user = { ...request.user, role: 'user' };
    return true;
  }

  private requireRole(roles: readonly Role[], caller: Caller | undefined): void {
    if (!caller || !roles.includes(caller.role)) throw new AppError('insufficient_role');
    if (this.config.staffNeedsSecondFactor && !roles.includes('user') && caller.secondFactor !== true)
      throw new AppError('second_factor_required');
  }

  /** Where no role is asked for, staff sees and does more: with what its role's own routes ask for. */
  private mayActAsStaff({ role, secondFactor, scopes }: Caller): boolean {
    if (role === 'user') return true;
    if (this.config.staffNeedsSecondFactor && secondFactor !== true) return false;
    return scopes === undefined || scopes.some((scope) => scope.startsWith('admin:'));
  }

  private admitService(authorization: string | undefined): true {
    if (authorization === undefined) throw new AppError('authentication_required');
    const { serviceToken } = this.config.tokens;
    if (serviceToken === undefined || !bearsSecret(authorization, serviceToken)) throw new AppError('invalid_token');
    return true;
  }

  override handleRequest<T>(error: unknown, principal: T | false | null | undefined, info: unknown): T {
    if (error) throw error as Error;
    if (principal) return principal;
    const absent = info instanceof Error && info.message === 'No auth token';
    throw info instanceof AppError ? info : new AppError(absent ? 'authentication_required' : 'invalid_token');
  }
}

function requireScope(context: ExecutionContext, method: string, scopes: readonly string[]): void {
  const group = scopeGroupOf(context.getHandler(), context.getClass());
  const needed = group === undefined ? undefined : scopeOf(group, method);
  if (needed !== undefined && scopes.includes(needed)) return;
  const challenge = `Bearer realm="roost", error="insufficient_scope"${needed === undefined ? '' : `, scope="${needed}"`}`;
  throw new AppError('insufficient_scope', { headers: { 'www-authenticate': challenge } });
}

function accessOf(context: ExecutionContext): Access | undefined {
  const own = Reflect.getMetadata(ACCESS, context.getHandler()) as Access | undefined;
  return own ?? (Reflect.getMetadata(ACCESS, context.getClass()) as Access | undefined);
}
