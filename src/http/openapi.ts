/** The OpenAPI document, generated from the routes, with the answers common to all. */
import { applyDecorators, type INestApplication, type Type } from '@nestjs/common';
import { ApiResponse, DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';

import type { Access } from '../common/access.js';

type SchemaObject = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>[string];
type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

const PROBLEM_SCHEMA = {
  type: 'object',
  description: 'RFC 9457 problem details.',
  required: ['type', 'title', 'status', 'detail', 'code', 'request_id'],
  additionalProperties: false,
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string', description: 'Stable machine word.' },
    request_id: { type: 'string' },
    errors: {
      type: 'array',
      description: 'One entry for each bad field.',
      items: {
        type: 'object',
        required: ['pointer', 'code', 'detail'],
        additionalProperties: false,
        properties: {
          pointer: { type: 'string', description: 'JSON Pointer as a URI fragment, such as #/title.' },
          code: { type: 'string' },
          detail: { type: 'string' },
        },
      },
    },
  },
};

const MEANING: Record<number, string> = {
  400: 'The request cannot be parsed, or (under /auth) some fields are invalid.',
  401: 'Nobody is logged in, or the token is no good.',
  403: 'This caller may not.',
  404: 'There is no such thing.',
  405: 'The method is none of those in Allow.',
  409: 'Something like it exists.',
  413: 'The body is over 100 kB.',
  415: 'The body is not application/json.',
  422: 'Some fields are invalid.',
  429: 'Too many requests: wait for the seconds in Retry-After.',
  503: 'Overloaded, or the database is away: try again after the seconds in Retry-After.',
};

const ORDER = [
  'users/me/activity',
  'auth/register',
  'auth/login',
  'auth/refresh',
  'auth/logout',
  'auth/password',
  'auth/email',
  'auth/me',
  'users/me/email',
  'auth/sessions',
  'auth/revocations',
  '.well-known',
  'tasks',
  '',
  'posts',
  'timeline',
  'users',
  'users/me/mutes',
  'users/me/blocks',
  'users/{username}',
  'users/{username}/posts',
  'users/{username}/followers',
  'users/{username}/following',
  'users/{username}/follow',
  'users/{username}/mute',
  'users/{username}/block',
  'timeline/stream',
  'users/me',
  'users/me/delete',
  'users/me/export',
  'admin/audit',
  'admin/stats',
  'admin',
  'health',
];

const BEFORE_THE_ROUTE =
  'Errors that come before the route: a malformed request (400), HTTPS required (403), a body where none is taken (413, 415), too long an address (414), too large headers (431), too slow a request (408).';

export interface AnswersOptions {
  readonly status: number;
  readonly type?: Type | [Type];
  readonly errors?: readonly number[];
  readonly paged?: boolean | 'endless';
}

export function Answers({ status, type, errors = [], paged = false }: AnswersOptions): MethodDecorator {
  const headers = paged && {
    headers: {
      Link: {
        description: `RFC 8288: the next page, rel="next"${paged === 'endless' ? '' : '; absent on the last one'}.`,
        schema: { type: 'string' as const },
      },
    },
  };
  return applyDecorators(
    ApiResponse({ status, description: 'Done.', ...(type && { type }), ...headers }),
    ...errors.map((status) => ApiResponse({ status, ...problem(status) })),
  );
}

function problem(status: number): { description: string; content: Record<string, { schema: { $ref: string } }> } {
  return {
    description: MEANING[status] ?? 'Refused.',
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  };
}

export function buildOpenApi(app: INestApplication): OpenAPIObject {
  const options = new DocumentBuilder()
    .setTitle('Roost')
    .setDescription(
      'Accounts and sessions, tasks, and a social timeline. The same routes answer at /api/…, which always means the current version.',
    )
    .setVersion('1')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' }, 'bearer')
    .build();
  delete options.info.contact;
  const document = SwaggerModule.createDocument(app, options, {
    operationIdFactory: (controller, method) =>
      `${controller.replace(/Controller$/, '').toLowerCase()}_${method.replace(/\W.*$/, '')}`,
  });
  document.paths = Object.fromEntries(
    Object.entries(document.paths)
      .filter(([path]) => !path.startsWith('/api/') || path.startsWith('/api/v1/'))
      .sort(([one], [other]) => rankOf(one) - rankOf(other)),
  );
  const schemas = schemasInOrder(document);
  for (const schema of Object.values(schemas)) Object.assign(schema, { additionalProperties: false });
  document.components = { ...document.components, schemas: { ...schemas, Problem: PROBLEM_SCHEMA } };
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of METHODS) if (item[method]) complete(item[method], path);
  }
  return document;
}

function rankOf(path: string): number {
  const name = path.replace(/^\/(?:api\/v1\/)?/, '');
  const beginnings = ORDER.filter(
    (beginning) => beginning === '' || name === beginning || name.startsWith(`${beginning}/`),
  );
  const [longest = ''] = beginnings.sort((one, other) => other.length - one.length);
  return ORDER.indexOf(longest);
}

/** Ordered by use, parts before the whole, so that the order of modules has no effect. */
function schemasInOrder(document: OpenAPIObject): Record<string, SchemaObject> {
  const schemas = document.components?.schemas ?? {};
  const ordered = new Map<string, SchemaObject>();
  const visit = (part: unknown): void => {
    for (const [, name = ''] of JSON.stringify(part).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      const schema = schemas[name];
      if (!schema || ordered.has(name)) continue;
      visit(schema);
      ordered.set(name, schema);
    }
  };
  visit(document.paths);
  return Object.fromEntries(ordered);
}

function complete(operation: Operation, path: string): void {
  const access = (operation as { 'x-access'?: Access })['x-access'] ?? 'user';
  operation.security = access === 'public' ? [] : access === 'optional' ? [{}, { bearer: [] }] : [{ bearer: [] }];
  // Health checks are not rate-limited, and /health/live needs no database.
  const statuses = path.startsWith('/health/') ? [] : [429, 503];
  if (access !== 'public') statuses.push(401);
  if (Array.isArray(access)) statuses.push(403);
  if (operation.requestBody) statuses.push(413, 415);
  const takesInput =
    operation.requestBody !== undefined ||
    operation.parameters?.some((parameter) => 'in' in parameter && parameter.in === 'query');
  if (takesInput) statuses.push(400);
  if (takesInput && !path.startsWith('/api/v1/auth/')) statuses.push(422);
  for (const status of statuses) {
    operation.responses[status] ??= problem(status);
  }
  operation.responses.default ??= { ...problem(0), description: BEFORE_THE_ROUTE };
}
