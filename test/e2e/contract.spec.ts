import { Controller, Get, Res } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { FastifyReply } from 'fastify';

import { ERRORS, type ErrorCode } from '../../src/common/error-codes.js';
import { createAdapter } from '../../src/app.js';
import { addLink } from '../../src/common/pagination.js';
import { loadConfig } from '../../src/config/config.js';
import { Deprecated } from '../../src/http/openapi/answers.js';
import { buildOpenApi } from '../../src/http/openapi/document.js';
import { loadSwagger } from '../../src/http/openapi/swagger.js';
import { TestApp } from '../support/app.js';
import { person } from '../support/people.js';

interface Operation {
  readonly operationId: string;
  readonly tags: string[];
  readonly summary: string;
  readonly description: string;
  readonly security: Record<string, string[]>[];
  readonly responses: Record<string, { content?: Record<string, { schema: Schema }>; headers?: object }>;
  readonly parameters?: { name: string; required: boolean; schema: { default?: unknown } }[];
}

interface Schema {
  readonly $ref?: string;
  readonly allOf?: Schema[];
  readonly properties?: Record<string, { enum?: string[]; default?: unknown }>;
  readonly required?: string[];
}

let app: TestApp;
let document: {
  openapi: string;
  servers: unknown[];
  info: { license: unknown };
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema & { additionalProperties?: boolean }> };
};

beforeAll(async () => {
  app = await TestApp.start({ env: { SECURITY_CONTACT: 'mailto:security@example.org' } });
  document = (await app.api.get('/openapi.json')).body as typeof document;
});

afterAll(() => app.stop());

const operations = (): [string, Operation][] =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]): [string, Operation] => [
      `${method.toUpperCase()} ${path}`,
      operation,
    ]),
  );

function codesOf(schema: Schema | undefined): string[] {
  const name = schema?.$ref?.split('/').at(-1);
  if (name !== undefined) return codesOf(document.components.schemas[name]);
  return schema?.properties?.code?.enum ?? codesOf(schema?.allOf?.at(-1));
}

/** Of routes, in the order in which a newcomer meets them. */
const GROUPS = ['Authentication', 'Users', 'Tasks', 'Timeline', 'Administration', 'Operations'];

describe('the document', () => {
  it('is OpenAPI 3.1 with its servers and its licence', () => {
    expect(document.openapi).toMatch(/^3\.1\./);
    expect(document.servers).toEqual([{ url: '/' }]);
    expect(document.info.license).toEqual({ name: 'MIT', url: expect.any(String) });
  });

  it('describes each tag, and each operation with one of them', () => {
    const tags = document.tags.map(({ name }) => name);
    expect(tags.slice(0, GROUPS.length)).toEqual(GROUPS);
    for (const [name, { tags: own, summary, description }] of operations())
      expect([name, own.every((tag) => tags.includes(tag)), summary !== '', description !== '']).toEqual([
        name,
        true,
        true,
        true,
      ]);
  });

  it('names operations as generated clients want it: one or more words, each name once', () => {
    const names = operations().map(([, { operationId }]) => operationId);
    expect(names.filter((name) => !/^[a-z]+(?:[A-Z][a-z]+)*$/.test(name))).toEqual([]);
    // A verb alone is that of a noun, which shares it with all others.
    expect(names.filter((name) => ['create', 'list', 'get', 'update', 'delete', 'remove'].includes(name))).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
  });

  it('has no two operations of one summary', () => {
    const summaries = operations().map(([, { summary }]) => summary);
    expect(summaries.filter((summary, index) => summaries.indexOf(summary) !== index)).toEqual([]);
  });

  it('declares limits, faults and a missing token, each with its codes', () => {
    for (const [name, { responses, security }] of operations()) {
      if (name.includes('/health/')) continue;
      expect([name, Object.keys(responses)]).toEqual([name, expect.arrayContaining(['429', '500', '503'])]);
      if (security.length > 0) expect([name, Object.keys(responses)]).toEqual([name, expect.arrayContaining(['401'])]);
      for (const [status, { content }] of Object.entries(responses)) {
        const schema = content?.['application/problem+json']?.schema;
        if (!schema || status === 'default') continue;
        const codes = codesOf(schema);
        expect([name, status, codes.length > 0, codes.every((code) => code in ERRORS)]).toEqual([
          name,
          status,
          true,
          true,
        ]);
      }
    }
  });

  it('marks what only moderators and admins may do', () => {
    for (const [name, { security }] of operations()) {
      if (!name.includes('/admin/')) continue;
      const scheme = /\/(?:disable|enable)$/.test(name) ? 'moderator' : 'admin';
      const others = security.filter((each) => !('personal_access_token' in each));
      expect([name, others]).toEqual([name, [{ [scheme]: [] }]]);
    }
  });

  it('demands no parameter and no field of a request that has a default', () => {
    const demanded = operations().flatMap(([name, { parameters = [] }]) =>
      parameters
        .filter(({ required, schema }) => required && schema.default !== undefined)
        .map((parameter) => `${name} ${parameter.name}`),
    );
    expect(demanded).toEqual([]);
    for (const { properties = {}, required = [] } of Object.values(document.components.schemas))
      for (const [name, { default: value }] of Object.entries(properties))
        if (value !== undefined) expect(required).not.toContain(name);
  });

  it('has examples with which a newcomer can register and log in', async () => {
    const exampleOf = (name: string): Record<string, unknown> =>
      Object.fromEntries(
        Object.entries(document.components.schemas[name]?.properties ?? {}).map(([field, schema]) => [
          field,
          (schema as { examples?: unknown[] }).examples?.[0],
        ]),
      );
    expect((await app.api.post('/auth/register', exampleOf('RegisterRequest'))).status).toBe(201);
    for (const name of ['LoginByEmail', 'LoginByUsername'])
      expect([name, (await app.api.post('/auth/login', exampleOf(name))).status]).toEqual([name, 200]);
  });

  it('closes the schemas of requests, and lets those of answers grow', () => {
    const { schemas } = document.components;
    expect(schemas.UpdateProfileRequest?.additionalProperties).toBe(false);
    expect(schemas.AccountResponse).toBeDefined();
    expect(schemas.AccountResponse?.additionalProperties).toBeUndefined();
  });
});

describe('a deprecated route', () => {
  it('says so in the document, and by headers of RFC 9745 and RFC 8594', async () => {
    @Controller('old')
    class OldController {
      @Get()
      @Deprecated({ since: '2026-01-31', sunset: '2099-01-31', see: 'https://example.org/new' })
      get(@Res({ passthrough: true }) reply: FastifyReply): object {
        addLink(reply, '</old?cursor=next>; rel="next"');
        return {};
      }
    }
    const testing = await Test.createTestingModule({ controllers: [OldController] }).compile();
    const old = testing.createNestApplication(createAdapter(loadConfig({ NODE_ENV: 'test' })));
    try {
      await old.listen(0, '127.0.0.1');
      expect(buildOpenApi(old, await loadSwagger()).paths['/old']?.get).toMatchObject({
        deprecated: true,
        'x-sunset': '2099-01-31',
      });
      const { headers } = await fetch(`${await old.getUrl()}/old`);
      expect(headers.get('deprecation')).toBe('@1769817600');
      expect(headers.get('sunset')).toBe('Sat, 31 Jan 2099 00:00:00 GMT');
      const see = '<https://example.org/new>; rel="deprecation"; type="text/html"';
      expect(headers.get('link')).toBe(`${see}, </old?cursor=next>; rel="next"`);
    } finally {
      await old.close();
    }
  });
});

describe('the type of a problem', () => {
  it('is the address of a page about its code', async () => {
    const ada = await person(app, 'ada');
    const { body } = await ada.api.delete('/auth/sessions/1');
    expect(body.type).toBe('/problems/session_not_found');
    const page = await app.api.get(body.type);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(page.text).toContain('You have no such session.');
  });

  it('is below the path that a proxy has in front of Roost', async () => {
    const behind = await TestApp.start({ sharing: app, env: { PUBLIC_URL: 'http://127.0.0.1/roost' } });
    try {
      expect((await behind.api.get('/users/me')).body.type).toBe('/roost/problems/authentication_required');
    } finally {
      await behind.stop();
    }
  });

  it('has a page for every code, and the list of them', async () => {
    const list = await app.api.get('/problems');
    for (const code of Object.keys(ERRORS) as ErrorCode[]) {
      expect(list.text).toContain(`href="problems/${code}"`);
      const { status, text } = await app.api.get(`/problems/${code}`);
      expect([code, status, text.includes(code)]).toEqual([code, 200, true]);
    }
  });

  it.each([
    ['validation_failed', '422; 400 under /auth'],
    ['invalid_account_token', '400'],
    ['not_oneself', '422'],
    ['database_unavailable', '503'],
  ])('of %s has the status %s', async (code, status) => {
    expect((await app.api.get(`/problems/${code}`)).text).toContain(`HTTP status ${status}.`);
  });

  it.each(['/problems/unknown', '/problems/constructor', '/problems/%3Cb%3E'])('%s is 404', async (path) => {
    expect((await app.api.get(path)).body.code).toBe('route_not_found');
  });
});

describe('the well-known addresses', () => {
  it('lead password managers to the page that asks for a new password', async () => {
    const answer = await fetch(`${app.url}/.well-known/change-password`, { redirect: 'manual' });
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '../forgot']);
    expect((await fetch(`${app.url}/.well-known/change-password`)).status).toBe(200);
  });

  it('lead to the front end of a team that has one', async () => {
    const own = await TestApp.start({ sharing: app, env: { APP_URL: 'https://app.example.org' } });
    try {
      const answer = await fetch(`${own.url}/.well-known/change-password`, { redirect: 'manual' });
      expect(answer.headers.get('location')).toBe('https://app.example.org/forgot');
      expect((await own.api.get('/.well-known/security.txt')).status).toBe(404);
    } finally {
      await own.stop();
    }
  });

  it('tell where to report a weakness (RFC 9116)', async () => {
    const { status, headers, text } = await app.api.get('/.well-known/security.txt');
    expect([status, headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8']);
    const [, expires = ''] = /^Contact: mailto:security@example\.org\nExpires: (.*)\n$/.exec(text) ?? [];
    const days = (Date.parse(expires) - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(170);
    expect(days).toBeLessThan(365);
  });
});
