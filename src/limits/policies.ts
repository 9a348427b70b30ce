import { type CustomDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

export interface Policy {
  readonly name: string;
  readonly limit: number;
  readonly windowMs: number;
}

export const PER_ADDRESS: Policy = { name: 'address', limit: 600, windowMs: MINUTE_MS };
export const PER_USER: Policy = { name: 'user', limit: 1_200, windowMs: MINUTE_MS };
/** Instead of it: scripts do not use up what their owner may ask. */
export const PER_TOKEN: Policy = { name: 'token', limit: 600, windowMs: MINUTE_MS };
export const ALL_TOKENS: Policy = { name: 'tokens', limit: 1_200, windowMs: MINUTE_MS };

const STRICT = {
  address: {
    authentication: { name: 'authentication', limit: 60, windowMs: MINUTE_MS },
    account_mail: { name: 'account_mail', limit: 20, windowMs: HOUR_MS },
  },
  user: { export: { name: 'export', limit: 10, windowMs: HOUR_MS } },
} satisfies Record<Tracked, Record<string, Policy>>;

/** An address (IPv6: its /64), or an account. */
export type Tracked = 'address' | 'user';

/** `authentication`: 60 a minute per address; `account_mail`: 20 an hour per address; `export`: 10 an hour per user. */
export type StrictLimit = keyof (typeof STRICT)['address'] | keyof (typeof STRICT)['user'];

const LIMITS = Symbol('strict rate limits');

export const StrictlyLimited = (...limits: StrictLimit[]): CustomDecorator<symbol> => SetMetadata(LIMITS, limits);

export function strictPolicies(context: ExecutionContext, tracked: Tracked): readonly Policy[] {
  const own = Reflect.getMetadata(LIMITS, context.getHandler()) as StrictLimit[] | undefined;
  const limits = own ?? (Reflect.getMetadata(LIMITS, context.getClass()) as StrictLimit[] | undefined);
  return limits === undefined
    ? []
    : Object.values<Policy>(STRICT[tracked]).filter(({ name }) => limits.includes(name as StrictLimit));
}
