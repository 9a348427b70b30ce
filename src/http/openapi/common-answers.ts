import type { OpenAPIObject } from '@nestjs/swagger';

import type { Access } from '../../common/access.js';
import { type ErrorCode, ERRORS } from '../../common/error-codes.js';
import { isChallenged, statusOf } from '../problem.js';

export type Operation = NonNullable<OpenAPIObject['paths'][string]['get']> & {
  'x-access'?: Access;
  'x-errors'?: readonly ErrorCode[];
  'x-sunset'?: string;
  'x-step-up'?: boolean;
  'x-scopes'?: string | readonly string[] | null;
};

export const IDEMPOTENCY_KEY = 'Idempotency-Key';
export const IDEMPOTENCY_REPLAYED = 'Idempotency-Replayed';

const PROBLEM = '#/components/schemas/Problem';

const FIELD_ERROR = {
  type: 'object',
  required: ['pointer', 'code', 'detail'],
  properties: {
    pointer: {
      type: 'string',
      maxLength: 500,
      description: 'JSON Pointer as a URI fragment, such as `#/title`; of a parameter, too.',
    },
    in: { type: 'string', enum: ['query', 'header'], description: 'Where the parameter is. Absent: in the body.' },
    code: { type: 'string', maxLength: 50 },
    detail: { type: 'string', maxLength: 1_000 },
  },
};

const PROBLEM_SCHEMA = {
  type: 'object',
  description: 'RFC 9457 problem details.',
  required: ['type', 'title', 'status', 'detail', 'code', 'request_id'],
  properties: {
    type: {
      type: 'string',
      format: 'uri-reference',
      maxLength: 500,
      description: 'The address of a page about the code: `/problems/<code>`.',
    },
    title: { type: 'string', maxLength: 100 },
    status: { type: 'integer', minimum: 400, maximum: 599 },
    detail: { type: 'string', maxLength: 1_000 },
    code: { type: 'string', enum: Object.keys(ERRORS), description: 'A stable word for machines.' },
    request_id: { type: 'string', format: 'uuid' },
    errors: {
      type: 'array',
      maxItems: 100,
      description: 'One entry for each bad field.',
      items: FIELD_ERROR,
    },
    'violated-policies': {
      type: 'array',
      maxItems: 10,
      description: 'The exceeded limits, as in draft-ietf-httpapi-ratelimit-headers.',
      items: { type: 'string', maxLength: 50 },
    },
    proofs: {
      type: 'array',
      maxItems: 10,
      description: 'With `step_up_required`: the fields of `POST /auth/step-up` of which one will do.',
      items: { type: 'string', maxLength: 50 },
    },
  },
};

export const HEADERS = {
  RateLimit: {
    description: 'What is left of each limit, and the seconds until it is whole again: `"address";r=599;t=60`.',
    schema: { type: 'string', maxLength: 500 },
  },
  'RateLimit-Policy': {
    description: 'Each limit with its quota and its window in seconds: `"address";q=600;w=60`.',
    schema: { type: 'string', maxLength: 500 },
  },
  [IDEMPOTENCY_REPLAYED]: {
    description: 'There when the request had been carried out before: this is the answer that it got then.',
    schema: { type: 'string', enum: ['true'] },
  },
  'Retry-After': {
    description: 'Seconds.',
    schema: { type: 'integer', minimum: 0, maximum: 86_400 },
  },
  'WWW-Authenticate': {
    description:
      'What is missing or wrong, as in RFC 6750 section 3: `Bearer realm="roost", error="invalid_token"`. With `insufficient_scope` of a personal access token: which scope.',
    schema: { type: 'string', maxLength: 500 },
  },
  'X-Request-Id': {
    description: 'Names the request in the log, and in problems.',
    required: true,
    schema: { type: 'string', format: 'uuid' },
  },
};

const LIMITED = refsTo('RateLimit', 'RateLimit-Policy');
const LATER = refsTo('Retry-After');
const REPLAYED = refsTo(IDEMPOTENCY_REPLAYED);
const CHALLENGED = refsTo('WWW-Authenticate');
const NAMED = refsTo('X-Request-Id');

function refsTo(...names: (keyof typeof HEADERS)[]): Record<string, { $ref: string }> {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

const BEFORE_THE_ROUTE =
  'Errors that come before the route: a malformed request (400), HTTPS required (403), a body where none is taken (413, 415), too long an address (414), too large headers (431), too slow a request (408).';

/** Adds the problems of a route, by status. Takes `x-errors` away. */
export function completeAnswers(operation: Operation, path: string): void {
  const isHealthCheck = path.startsWith('/health/');
  const own = operation['x-errors'] ?? [];
  delete operation['x-errors'];
  const codes = [...new Set([...own, ...(isHealthCheck ? [] : shared(operation, path))])];
  for (const status of new Set(codes.map((code) => statusOf(code, path))))
    operation.responses[status] = problem(codes.filter((code) => statusOf(code, path) === status));
  operation.responses.default ??= {
    description: BEFORE_THE_ROUTE,
    content: { 'application/problem+json': { schema: { $ref: PROBLEM } } },
  };
  for (const [status, response] of Object.entries(operation.responses)) {
    if (response === undefined || '$ref' in response) continue;
    const isLater = ['429', '503'].includes(status) || (status === '409' && isIdempotent(operation));
    const headers = {
      ...(isHealthCheck ? {} : LIMITED),
      ...(isLater && LATER),
      ...((status === '401' || (status === '403' && codes.some(isChallenged))) && CHALLENGED),
      ...(Number(status) < 300 && isIdempotent(operation) && REPLAYED),
      ...NAMED,
    };
    response.headers = { ...response.headers, ...headers };
  }
}

function isIdempotent({ parameters = [] }: Operation): boolean {
  return parameters.some((parameter) => 'name' in parameter && parameter.name === IDEMPOTENCY_KEY);
}

function shared(operation: Operation, path: string): ErrorCode[] {
  const access: Access | undefined = operation['x-access'];
  const takesQuery = operation.parameters?.some((parameter) => 'in' in parameter && parameter.in === 'query') === true;
  return [
    ...(takesQuery || operation.requestBody ? PROBLEMS.MalformedQueryProblem : []),
    ...(operation.requestBody ? PROBLEMS.MalformedBodyProblem : []),
    ...(takesQuery || operation.requestBody ? PROBLEMS.InvalidProblem : []),
    ...(operation.requestBody ? [...PROBLEMS.PayloadTooLargeProblem, ...PROBLEMS.UnsupportedMediaTypeProblem] : []),
    ...(access === 'service' ? OF_SERVICES : access === 'public' ? [] : PROBLEMS.UnauthenticatedProblem),
    ...(Array.isArray(access) ? PROBLEMS.InsufficientRoleProblem : []),
    ...(access === 'service' || access === 'public' ? [] : PROBLEMS.InsufficientScopeProblem),
    ...(isIdempotent(operation) ? OF_IDEMPOTENT : []),
    ...(operation['x-step-up'] ? (['step_up_required'] as const) : []),
    ...(path.includes('{') ? (['route_not_found'] as const) : []),
    ...PROBLEMS.RateLimitedProblem,
    ...PROBLEMS.InternalErrorProblem,
    ...PROBLEMS.UnavailableProblem,
  ];
}

const OF_IDEMPOTENT = ['idempotency_key_reused', 'idempotency_key_in_use', 'idempotency_key_unreadable'] as const;

const OF_SERVICES = ['authentication_required', 'invalid_token'] as const;

const PROBLEMS = {
  MalformedQueryProblem: ['malformed_request'],
  MalformedBodyProblem: ['malformed_request', 'malformed_json', 'json_too_deep'],
  InvalidBodyProblem: ['malformed_request', 'malformed_json', 'json_too_deep', 'validation_failed'],
  InvalidProblem: ['validation_failed'],
  UnauthenticatedProblem: ['authentication_required', 'invalid_token', 'token_expired', 'token_revoked', 'token_stale'],
  InsufficientRoleProblem: ['insufficient_role', 'second_factor_required', 'insufficient_scope'],
  InsufficientProofProblem: ['insufficient_role', 'second_factor_required', 'insufficient_scope', 'step_up_required'],
  InsufficientScopeProblem: ['insufficient_scope'],
  StepUpProblem: ['insufficient_scope', 'step_up_required'],
  UserNotFoundProblem: ['user_not_found', 'route_not_found'],
  PayloadTooLargeProblem: ['payload_too_large'],
  UnsupportedMediaTypeProblem: ['unsupported_media_type'],
  RateLimitedProblem: ['rate_limited'],
  InternalErrorProblem: ['internal_error'],
  UnavailableProblem: ['database_unavailable', 'overloaded', 'starting', 'draining'],
} satisfies Record<string, readonly ErrorCode[]>;

export const PROBLEM_SCHEMAS = {
  Problem: PROBLEM_SCHEMA,
  ...Object.fromEntries(Object.entries(PROBLEMS).map(([name, codes]) => [name, narrowed(codes)])),
};

function narrowed(codes: readonly ErrorCode[]): { allOf: object[] } {
  const code = { type: 'string', enum: [...codes] };
  return { allOf: [{ $ref: PROBLEM }, { type: 'object', required: ['code'], properties: { code } }] };
}

function problem(codes: readonly ErrorCode[]): Operation['responses'][string] {
  const [name] = Object.entries(PROBLEMS).find(([, all]) => all.join() === codes.join()) ?? [];
  const schema = name === undefined ? narrowed(codes) : { $ref: `#/components/schemas/${name}` };
  return {
    description: codes.map((code) => `\`${code}\`: ${ERRORS[code].detail}`).join('\n\n'),
    content: { 'application/problem+json': { schema } },
  };
}
