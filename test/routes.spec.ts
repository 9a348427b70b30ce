/** Every route, who may call it, and what each kind of caller is answered. A new route is added here on purpose, or this fails. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { ModulesContainer } from '@nestjs/core';
import { RequestMethod } from '@nestjs/common';

import { ACCESS, type Access } from '../src/common/access.js';
import { TestApp } from './support/app.js';
import { PASSWORD, person, type Person, staff } from './support/people.js';

const WHO = ['nobody', 'another', 'owner', 'moderator', 'admin', 'disabled'] as const;
type Who = (typeof WHO)[number];

interface Route {
  readonly access: string;
  /** By {@link WHO}. A disabled account still sends its last access token. */
  readonly answers?: readonly number[];
  readonly body?: object;
  readonly query?: string;
}

const EVERYBODY = (status: number): Route => ({
  access: 'public',
  answers: [status, status, status, status, status, status],
});
const OWNER = (status: number, others: number): Route => ({
  access: 'any user',
  answers: [401, others, status, others, others, 401],
});
const ANY_USER = (status: number): Route => OWNER(status, status);
const STAFF = (status: number): Route => ({
  access: 'moderator, admin',
  answers: [401, 403, 403, status, status, 401],
});
const ADMIN = (status: number): Route => ({ access: 'admin', answers: [401, 403, 403, 403, status, 401] });
/** Not in openapi.json. */
const UNDOCUMENTED: Route = { access: 'public' };

/**
 * The parameters of OWNED, `:user_id` and `:username` are the owner's. A request that changes one of them has an owner of
 * its own. Other parameters are of nothing that exists.
 */
const ROUTES: Record<string, Route> = {
  'GET /.well-known/jwks.json': EVERYBODY(200),
  'GET /health/live': EVERYBODY(200),
  'GET /health/ready': EVERYBODY(200),
  'POST /auth/register': { ...EVERYBODY(400), body: { role: 'admin' } },
  'POST /auth/login': { ...EVERYBODY(401), body: { email: 'nobody@example.org', password: PASSWORD } },
  'POST /auth/login/second-factor': { ...EVERYBODY(401), body: { mfa_ticket: 'x', totp: '123456' } },
  'POST /auth/refresh': { ...EVERYBODY(401), body: { refresh_token: 'x' } },
  'POST /auth/logout': { ...ANY_USER(200), access: 'optional', body: { scope: 'others' } },
  'PUT /auth/password': {
    ...ANY_USER(403),
    body: { current_password: 'wrong horse battery', new_password: 'another horse battery' },
  },
  'POST /auth/email/confirm': { ...EVERYBODY(400), body: { token: 'x' } },
  'POST /auth/email/resend': { ...EVERYBODY(202), body: { email: 'nobody@example.org' } },
  'POST /auth/email/undo': { ...EVERYBODY(400), body: { token: 'x', new_password: 'another horse battery' } },
  'POST /auth/password/forgot': { ...EVERYBODY(202), body: { email: 'nobody@example.org' } },
  'POST /auth/password/reset': { ...EVERYBODY(400), body: { token: 'x', new_password: 'another horse battery' } },
  'POST /auth/step-up': { ...ANY_USER(403), body: { password: 'wrong horse battery' } },
  'GET /auth/second-factors': ANY_USER(200),
  'POST /auth/second-factors/recovery-codes': ANY_USER(409),
  'POST /auth/second-factors/totp': ANY_USER(201),
  'POST /auth/second-factors/totp/confirm': { ...ANY_USER(403), body: { code: '123456' } },
  'DELETE /auth/second-factors/totp': ANY_USER(404),
  'GET /auth/passkeys': ANY_USER(200),
  'POST /auth/passkey-options': ANY_USER(200),
  'POST /auth/passkeys': { ...ANY_USER(400), body: { name: 'x' } },
  'PATCH /auth/passkeys/:passkey_id': { ...ANY_USER(404), body: { name: 'x' } },
  'DELETE /auth/passkeys/:passkey_id': ANY_USER(404),
  'POST /auth/login/passkey/options': EVERYBODY(200),
  'POST /auth/login/passkey': { ...EVERYBODY(400), body: {} },
  'POST /auth/login/email': { ...EVERYBODY(202), body: { email: 'nobody@example.org' } },
  'POST /auth/login/email/complete': { ...EVERYBODY(400), body: {} },
  'GET /auth/me': ANY_USER(200),
  'GET /auth/sessions': ANY_USER(200),
  'DELETE /auth/sessions/:session_id': ANY_USER(404),
  'GET /auth/tokens': ANY_USER(200),
  'POST /auth/tokens': {
    ...ANY_USER(201),
    body: { name: 'x', scopes: ['profile:read'], expires_in_days: 1 },
  },
  'DELETE /auth/tokens/:id': OWNER(204, 404),
  'GET /auth/revocations': { ...EVERYBODY(401), access: 'service' },
  'GET /users/me': ANY_USER(200),
  'PATCH /users/me': { ...ANY_USER(200), body: { bio: 'x' } },
  'DELETE /users/me': { ...ANY_USER(403), body: { current_password: 'wrong horse battery' } },
  'POST /users/me/delete': { ...ANY_USER(403), body: { current_password: 'wrong horse battery' } },
  'GET /users/me/export': ANY_USER(200),
  'GET /users/me/activity': ANY_USER(200),
  'POST /users/me/email': {
    ...ANY_USER(403),
    body: { email: 'nobody@example.org', current_password: 'wrong horse battery' },
  },
  'GET /tasks': ANY_USER(200),
  'POST /tasks': { ...ANY_USER(201), body: { title: 'x' } },
  'GET /tasks/:task_id': OWNER(200, 403),
  'PUT /tasks/:task_id': { ...OWNER(200, 403), body: { title: 'x' } },
  'PATCH /tasks/:task_id/complete': { ...OWNER(200, 403), body: { completed: true } },
  'DELETE /tasks/:task_id': OWNER(200, 403),
  'POST /posts': { ...ANY_USER(201), body: { text: 'x' } },
  'GET /posts/:post_id': ANY_USER(200),
  'DELETE /posts/:post_id': { access: 'any user', answers: [401, 403, 200, 200, 200, 401] },
  'GET /timeline': ANY_USER(200),
  'GET /timeline/stream': ANY_USER(200),
  'GET /users': { ...ANY_USER(200), query: '?q=owner' },
  'GET /users/me/mutes': ANY_USER(200),
  'GET /users/me/blocks': ANY_USER(200),
  'GET /users/:username': ANY_USER(200),
  'GET /users/:username/posts': ANY_USER(200),
  'GET /users/:username/followers': ANY_USER(200),
  'GET /users/:username/following': ANY_USER(200),
  'PUT /users/:username/follow': OWNER(422, 204),
  'DELETE /users/:username/follow': ANY_USER(204),
  'PUT /users/:username/mute': OWNER(422, 204),
  'DELETE /users/:username/mute': ANY_USER(204),
  'PUT /users/:username/block': OWNER(422, 204),
  'DELETE /users/:username/block': ANY_USER(204),
  'POST /admin/posts/:post_id/restore': ADMIN(200),
  'GET /admin/audit': ADMIN(200),
  'GET /admin/stats': ADMIN(200),
  'GET /admin/users': ADMIN(200),
  'POST /admin/users': { ...ADMIN(201), body: { email: 'invited@example.org' } },
  'GET /admin/users/:user_id': ADMIN(200),
  'GET /admin/users/:user_id/sessions': ADMIN(200),
  'GET /admin/users/:user_id/tokens': ADMIN(200),
  'DELETE /admin/users/:user_id/tokens/:id': ADMIN(204),
  'PATCH /admin/users/:user_id': { ...ADMIN(200), body: { role: 'moderator' } },
  'DELETE /admin/users/:user_id': ADMIN(202),
  'POST /admin/users/:user_id/disable': { ...STAFF(204), body: { reason: 'x' } },
  'POST /admin/users/:user_id/enable': STAFF(204),
  'POST /admin/users/:user_id/logout': ADMIN(204),
  'POST /admin/users/:user_id/password-reset': ADMIN(204),
  'DELETE /admin/users/:user_id/second-factors': ADMIN(204),
  'GET /account-pages.js': UNDOCUMENTED,
  'GET /confirm': UNDOCUMENTED,
  'GET /reset': UNDOCUMENTED,
  'GET /undo': UNDOCUMENTED,
  'GET /forgot': UNDOCUMENTED,
  'GET /email-login': UNDOCUMENTED,
  'GET /email-login.js': UNDOCUMENTED,
  'GET /problems': UNDOCUMENTED,
  'GET /problems/:code': UNDOCUMENTED,
  'GET /.well-known/change-password': UNDOCUMENTED,
  'GET /.well-known/passkey-endpoints': UNDOCUMENTED,
  'GET /.well-known/security.txt': UNDOCUMENTED,
  'GET /dev/mailbox': UNDOCUMENTED,
  'GET /metrics': UNDOCUMENTED,
};

const MISSING = '00000000-0000-4000-8000-000000000000';

const DOCUMENT = JSON.parse(readFileSync(join(__dirname, '../openapi.json'), 'utf8')) as {
  paths: Record<string, Record<string, { 'x-sunset'?: string }>>;
};

/** Served beside the controllers: public by nature. */
const UNGUARDED = [
  'GET /docs',
  'GET /docs/',
  'GET /docs/*',
  'GET /docs/LICENSE',
  'GET /docs/index.html',
  'GET /docs/swagger-ui-init.js',
  'GET /openapi.json',
];

interface DeclaredRoute {
  readonly name: string;
  readonly access: string;
}

describe('the routes', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start();
  });

  afterAll(() => app.stop());

  it('have the access that is written here [V8.2.1] [V8.1.1]', () => {
    const written = Object.entries(ROUTES).map(([name, { access }]) => [name, access]);
    expect(Object.fromEntries(declaredRoutes(app).map(({ name, access }) => [name, access]))).toEqual(
      Object.fromEntries(written),
    );
  });

  it('are all there is: nothing else is served, and everything at both prefixes [V6.3.4]', () => {
    const versioned = Object.keys(ROUTES).flatMap((route) => {
      const [method = '', path = ''] = route.split(' ');
      const paths = isBare(path) ? [path] : [`/api/v1${path}`, `/api${path}`];
      return paths.flatMap((each) => (method === 'GET' ? [`GET ${each}`, `HEAD ${each}`] : [`${method} ${each}`]));
    });
    const served = app.routes;
    const others = served.filter((route) => !versioned.includes(route) && !route.startsWith('HEAD '));
    expect(others.filter((route) => !route.startsWith('GET /docs/') && !UNGUARDED.includes(route))).toEqual([]);
    expect(versioned.filter((route) => !served.includes(route))).toEqual([]);
  });

  it('have answers here when they are in openapi.json, and no others have', () => {
    const documented = Object.entries(DOCUMENT.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const answered = Object.keys(ROUTES).filter((route) => ROUTES[route]?.answers);
    const operations = answered.map((route) => {
      const [method = '', path = ''] = route.split(' ');
      return `${method} ${isBare(path) ? '' : '/api/v1'}${path.replace(/:(\w+)/g, '{$1}')}`;
    });
    expect(operations.sort()).toEqual(documented.sort());
  });

  it('have no sunset that has passed: remove a route then', () => {
    const sunsets = Object.entries(DOCUMENT.paths).flatMap(([path, item]) =>
      Object.values(item).flatMap(({ 'x-sunset': sunset }) => (sunset === undefined ? [] : [{ path, sunset }])),
    );
    expect(sunsets.filter(({ sunset }) => Date.parse(sunset) < Date.now())).toEqual([]);
  });

  it('are closed to nobody unless they are public or optional [V8.2.1] [V8.3.1]', async () => {
    for (const [route, { access }] of Object.entries(ROUTES)) {
      if (access === 'public' || access === 'optional') continue;
      const [method = '', path = ''] = route.split(' ');
      for (const prefix of ['/api/v1', '/api']) {
        const answer = await app.api.send(method, prefix + path.replace(/:\w+/, '1'));
        expect([route, answer.status]).toEqual([route, 401]);
      }
    }
  });
});

/** Belongs to somebody, and is asked for by others. */
interface Owned {
  readonly owner: Person;
  /** By the names of parameters. */
  readonly ids: Readonly<Record<string, string>>;
}

/** What an owner makes, by the parameter that names it. */
const OWNED: Record<string, [path: string, body: object]> = {
  id: ['/auth/tokens', { name: 'owned', scopes: ['profile:read'], expires_in_days: 1 }],
  task_id: ['/tasks', { title: 'owned' }],
  post_id: ['/posts', { text: 'owned' }],
};

const CHANGED = new RegExp(`:(?:${[...Object.keys(OWNED), 'user_id', 'username'].join('|')})\\b`);

describe('the answers', () => {
  let app: TestApp;
  /** Of all but the owner, who has their own. */
  const tokens: Partial<Record<Who, string>> = {};
  let untouched: Owned;

  beforeAll(async () => {
    app = await TestApp.start({ env: { EMAIL_LOGIN: 'on' } });
    const [other, moderator, admin, disabled] = await Promise.all([
      person(app, 'another'),
      staff(app, 'moderator'),
      staff(app, 'admin'),
      person(app, 'disabled'),
    ]);
    expect((await moderator.api.post(`/admin/users/${disabled.id}/disable`, { reason: 'x' })).status).toBe(204);
    Object.assign(tokens, {
      another: other.access_token,
      moderator: moderator.access_token,
      admin: admin.access_token,
      disabled: disabled.access_token,
    });
    untouched = await newOwned();
  });

  afterAll(() => app.stop());

  async function newOwned(): Promise<Owned> {
    const owner = await person(app, 'owner');
    await app.pool.query('UPDATE users SET email_confirmed_at = now() WHERE id = $1', [owner.id]);
    const ids: Record<string, string> = { user_id: owner.id, username: owner.username };
    for (const [name, [path, body]] of Object.entries(OWNED)) {
      const made = await owner.api.post(path, body);
      expect(made.status).toBe(201);
      ids[name] = String(made.body.id);
    }
    return { owner, ids };
  }

  it.each(Object.entries(ROUTES).filter(([, { answers }]) => answers))('of %s [T28]', async (route, asked) => {
    const [method = '', path = ''] = route.split(' ');
    const changesOwned = method !== 'GET' && CHANGED.test(path);
    const given: [Who, number][] = [];
    for (const who of WHO) {
      const { owner, ids } = changesOwned ? await newOwned() : untouched;
      const token = who === 'owner' ? owner.access_token : tokens[who];
      const full = path.replace(/:(\w+)/g, (_, name: string) => ids[name] ?? MISSING);
      const api = token === undefined ? app.api : app.api.as(token);
      given.push([who, (await api.send(method, full + (asked.query ?? ''), asked.body)).status]);
    }
    expect(given).toEqual(WHO.map((who, index) => [who, asked.answers?.[index]]));
  });
});

/** An office behind one address must not lose its sessions by anything else. */
const STRICT = [
  'DELETE /users/me',
  'POST /auth/email/confirm',
  'POST /auth/email/resend',
  'POST /auth/email/undo',
  'POST /auth/login',
  'POST /auth/login/email',
  'POST /auth/login/email/complete',
  'POST /auth/login/passkey',
  'POST /auth/login/passkey/options',
  'POST /auth/login/second-factor',
  'POST /auth/passkeys',
  'POST /auth/password/forgot',
  'POST /auth/password/reset',
  'POST /auth/register',
  'POST /auth/second-factors/totp/confirm',
  'POST /auth/step-up',
  'POST /auth/tokens',
  'POST /users/me/delete',
  'POST /users/me/email',
  'PUT /auth/password',
];

describe('the strict limit of an address', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start({ env: { RATE_LIMIT: 'on' } });
  });

  afterAll(() => app.stop());

  it('is that of the routes that verify a secret or send mail, and of no others', async () => {
    const strict: string[] = [];
    for (const route of Object.keys(ROUTES)) {
      const [method = '', path = ''] = route.split(' ');
      const answer = await app.api.send(method, path.replace(/:\w+/, '1'));
      if (answer.headers.get('ratelimit-policy')?.includes('"authentication";q=60;w=60')) strict.push(route);
    }
    expect(strict.sort()).toEqual(STRICT);
  });
});

function isBare(path: string): boolean {
  return /^\/(?:health|metrics|dev|reset|confirm|undo|forgot|email-login|problems|account-pages|\.well-known)\b/.test(
    path,
  );
}

function declaredRoutes(app: TestApp): DeclaredRoute[] {
  const modules = [...app.nestApp.get(ModulesContainer).values()];
  const controllers = modules.flatMap((module) =>
    [...module.controllers.values()].map(({ metatype }) => metatype as new () => object),
  );
  return controllers.flatMap((controller) =>
    Object.getOwnPropertyNames(controller.prototype)
      .map((name) => (controller.prototype as Record<string, object>)[name])
      .filter((handler): handler is object => handler !== undefined && Reflect.hasMetadata(METHOD_METADATA, handler))
      .map((handler) => ({ name: nameOf(controller, handler), access: accessOf(controller, handler) })),
  );
}

function nameOf(controller: object, handler: object): string {
  const method = RequestMethod[Reflect.getMetadata(METHOD_METADATA, handler) as number] ?? '';
  const parts = [controller, handler].map((target) => Reflect.getMetadata(PATH_METADATA, target) as string);
  return `${method} /${parts
    .map((part) => part.replace(/^\/|\/$/g, ''))
    .filter((part) => part !== '')
    .join('/')}`;
}

function accessOf(controller: object, handler: object): string {
  const access = (Reflect.getMetadata(ACCESS, handler) ?? Reflect.getMetadata(ACCESS, controller)) as
    Access | undefined;
  return Array.isArray(access) ? access.join(', ') : ((access as string | undefined) ?? 'any user');
}
