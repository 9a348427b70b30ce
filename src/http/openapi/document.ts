import type { INestApplication } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';

import { type Access, scopeOf } from '../../common/access.js';
import { completeAnswers, HEADERS, type Operation, PROBLEM_SCHEMAS } from './common-answers.js';
import { completeSchemas, nameScopes, type Schema } from './schemas.js';
import type { Swagger } from './swagger.js';
import { ABOUT, TAGS } from './tags.js';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

const ORDER = [
  'auth/register',
  'auth/login',
  'auth/refresh',
  'auth/logout',
  'auth/me',
  'auth/sessions',
  'auth/tokens',
  'auth/password',
  'auth/email',
  'auth/step-up',
  'auth/second-factors',
  'auth/passkeys',
  'auth/passkey-options',
  'auth/revocations',
  'users/me',
  'users/me/email',
  'users/me/activity',
  'users/me/export',
  'users/me/delete',
  'tasks',
  '',
  'timeline',
  'timeline/stream',
  'posts',
  'users',
  'users/{username}',
  'users/{username}/posts',
  'users/{username}/followers',
  'users/{username}/following',
  'users/{username}/follow',
  'users/{username}/mute',
  'users/{username}/block',
  'users/me/mutes',
  'users/me/blocks',
  'admin',
  'admin/audit',
  'admin/stats',
  'health',
  '.well-known',
];

const PERSONAL = 'personal_access_token';

const SCHEMES = {
  bearer: 'A JWT (RFC 9068, RFC8725) from a login or a refresh, good for 24 hours by default.',
  moderator: 'The access token (RFC8725) of a moderator or an admin.',
  admin: 'The access token (RFC8725) of an admin.',
  service: 'SERVICE_TOKEN, for machines of the same operator.',
  [PERSONAL]: 'A personal access token, `roost_pat_…`, from `POST /auth/tokens`, for scripts and services.',
};

export function buildOpenApi(app: INestApplication, { DocumentBuilder, SwaggerModule }: Swagger): OpenAPIObject {
  const options = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Roost')
    .setDescription(ABOUT)
    .setVersion('1')
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addServer('/', 'This server.');
  for (const [name, description] of Object.entries(SCHEMES))
    options.addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: formatOf(name), description }, name);
  const built = options.build();
  delete built.info.contact;
  const document = SwaggerModule.createDocument(app, built, {
    operationIdFactory: (_, method) => method.replace(/\W.*$/, ''),
  });
  document.paths = Object.fromEntries(
    Object.entries(document.paths)
      .filter(([path]) => !path.startsWith('/api/') || path.startsWith('/api/v1/'))
      .sort(([one], [other]) => rankOf(one) - rankOf(other)),
  );
  const schemas = schemasInOrder(document);
  document.components = {
    ...document.components,
    headers: HEADERS,
    schemas: { ...schemas, ...PROBLEM_SCHEMAS },
  };
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of METHODS) if (item[method]) complete(item[method], { method, path });
  }
  for (const name of schemasOfBodies(document)) completeBody(schemas[name] ?? {});
  document.tags = [...TAGS, ...otherTags(document)];
  nameScopes(document, scopesOf(document));
  completeSchemas(document);
  return document;
}

function formatOf(name: string): string {
  return name === 'service' || name === PERSONAL ? 'opaque' : 'JWT';
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
function schemasInOrder(document: OpenAPIObject): Record<string, Schema> {
  const schemas = (document.components?.schemas ?? {}) as Record<string, Schema>;
  const ordered = new Map<string, Schema>();
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

function otherTags({ paths }: OpenAPIObject): { name: string; description: string }[] {
  const operations = Object.values(paths).flatMap((item) => METHODS.map((method) => item[method]));
  const used = new Set(operations.flatMap((operation) => operation?.tags ?? []));
  for (const { name } of TAGS) used.delete(name);
  return Array.from(used, (name) => ({ name, description: `The routes of ${name}.` }));
}

function completeBody(schema: Schema): void {
  schema.additionalProperties = false;
  schema.required = schema.required?.filter((name) => schema.properties?.[name]?.default === undefined);
}

/** Answers may get more fields; requests with unknown fields are refused. */
function schemasOfBodies({ paths }: OpenAPIObject): string[] {
  const bodies = Object.values(paths).flatMap((item) => METHODS.map((method) => item[method]?.requestBody));
  return Array.from(JSON.stringify(bodies).matchAll(/"#\/components\/schemas\/(\w+)"/g), ([, name = '']) => name);
}

function scopesOf({ paths }: OpenAPIObject): string[] {
  const operations = Object.values(paths).flatMap((item) => METHODS.map((method) => item[method] as Operation));
  return [...new Set(operations.flatMap((operation?: Operation) => operation?.['x-scopes'] ?? []))].sort();
}

function complete(operation: Operation, { method, path }: { method: string; path: string }): void {
  const access = operation['x-access'] ?? 'user';
  const group = operation['x-scopes'] as string | null | undefined;
  delete operation['x-scopes'];
  operation.security = securityOf(access);
  const about = [operation.description, ACCESS[nameOf(access)]];
  if (typeof group === 'string') {
    const scope = scopeOf(group, method);
    operation.security.push({ [PERSONAL]: [scope] });
    operation['x-scopes'] = [scope];
    about.push(`A personal access token needs the scope \`${scope}\`.`);
  }
  operation.description = about.filter(Boolean).join('\n\n');
  for (const parameter of operation.parameters ?? []) {
    if ('schema' in parameter && (parameter.schema as Schema).default !== undefined) parameter.required = false;
  }
  if (operation['x-sunset'] !== undefined) operation.deprecated = true;
  completeAnswers(operation, path);
}

type AccessName = keyof typeof ACCESS;

const ACCESS = {
  public: 'Open to everybody.',
  optional: 'Open to everybody; a bearer token is checked when there is one.',
  service: 'Needs SERVICE_TOKEN as the bearer token.',
  user: 'Needs an access token.',
  moderator: 'Only for moderators and admins.',
  admin: 'Only for admins.',
};

function nameOf(access: Access | 'user'): AccessName {
  if (typeof access === 'string') return access;
  return access.includes('moderator') ? 'moderator' : 'admin';
}

function securityOf(access: Access | 'user'): Record<string, string[]>[] {
  const name = nameOf(access);
  if (name === 'public') return [];
  if (name === 'optional') return [{}, { bearer: [] }];
  return [{ [name === 'user' ? 'bearer' : name]: [] }];
}
