/** Problem documents (RFC 9457), the one shape of every error, also of the router, the parser and Node. */
import { STATUS_CODES } from 'node:http';

import { ERRORS, type ErrorCode, type ErrorKind } from '../common/error-codes.js';
import type { AppError, FieldError } from '../common/errors.js';

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'x-frame-options': 'DENY',
};

const STATUS: Record<ErrorKind, number> = {
  malformed: 400,
  invalid: 422,
  unprocessable: 422,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  request_timeout: 408,
  conflict: 409,
  payload_too_large: 413,
  uri_too_long: 414,
  unsupported_media_type: 415,
  expectation_failed: 417,
  misdirected: 421,
  too_many_requests: 429,
  headers_too_large: 431,
  internal: 500,
  unavailable: 503,
};

const BAD_TOKEN = new Set<ErrorCode>(['invalid_token', 'token_expired', 'token_revoked', 'token_stale']);

/** RFC 6750 section 3.1, and RFC 9470 section 3. */
const CHALLENGES: Partial<Record<ErrorCode, string>> = {
  insufficient_role: 'error="insufficient_scope"',
  step_up_required: 'error="insufficient_user_authentication", max_age="600"',
};

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly request_id: string;
  readonly errors?: readonly FieldError[];
  readonly 'violated-policies'?: readonly string[];
  readonly proofs?: readonly string[];
}

export interface ProblemReply {
  readonly problem: Problem;
  readonly headers: Record<string, string>;
}

/** By contract, invalid input is 400 under `/auth`. */
export function statusOf(code: ErrorCode, url: string): number {
  const { kind } = ERRORS[code];
  return kind === 'invalid' && isAuthPath(url) ? 400 : STATUS[kind];
}

/** @param request with the path in front of Roost's own, where there is one */
export function problemReply(error: AppError, request: { id: string; url: string; prefix?: string }): ProblemReply {
  const { detail } = ERRORS[error.code];
  const status = statusOf(error.code, request.url);
  const headers: Record<string, string> = {
    'content-type': PROBLEM_TYPE,
    'cache-control': 'no-store',
    'x-request-id': request.id,
    ...error.headers,
  };
  if (status === 401 || error.code in CHALLENGES) headers['www-authenticate'] = challenge(error.code);
  const { retryAfterSeconds = status === 503 || status === 429 ? 1 : undefined } = error;
  if (retryAfterSeconds !== undefined) headers['retry-after'] = String(retryAfterSeconds);
  const problem = {
    type: `${request.prefix ?? ''}/problems/${error.code}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail,
    code: error.code,
    request_id: request.id,
  };
  const { fields, policies, proofs } = error;
  const details = {
    ...(fields && { errors: fields }),
    ...(policies && { 'violated-policies': policies }),
    ...(proofs && { proofs }),
  };
  return { problem: { ...problem, ...details }, headers };
}

/** Whether it may come with a challenge: for a scope, the guard says which. */
export function isChallenged(code: ErrorCode): boolean {
  return code in CHALLENGES || code === 'insufficient_scope';
}

function isAuthPath(url: string): boolean {
  return /^\/api(?:\/v1)?\/auth(?:[/?]|$)/.test(url);
}

/** RFC 6750 section 3: no error code without credentials. */
function challenge(code: ErrorCode): string {
  const error = BAD_TOKEN.has(code) ? 'error="invalid_token"' : CHALLENGES[code];
  return error === undefined ? 'Bearer realm="roost"' : `Bearer realm="roost", ${error}`;
}
