/** Every route and who may call it. A new route is added here on purpose, or this fails. */
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { ModulesContainer } from '@nestjs/core';
import { RequestMethod } from '@nestjs/common';

import { ACCESS, type Access } from '../src/common/access.js';
import { TestApp } from './support/app.js';

const ROUTES = {
  'GET /account-pages.js': 'public',
  'GET /confirm': 'public',
  'GET /reset': 'public',
  'GET /undo': 'public',
  'GET /.well-known/jwks.json': 'public',
  'GET /auth/me': 'any user',
  'GET /auth/revocations': 'service',
  'GET /auth/sessions': 'any user',
  'DELETE /auth/sessions/:session_id': 'any user',
  'GET /dev/mailbox': 'public',
  'GET /health/live': 'public',
  'GET /health/ready': 'public',
  'GET /metrics': 'public',
  'PUT /auth/password': 'any user',
  'GET /tasks': 'any user',
  'GET /tasks/:task_id': 'any user',
  'DELETE /tasks/:task_id': 'any user',
  'PATCH /tasks/:task_id/complete': 'any user',
  'GET /timeline/stream': 'any user',
  'GET /users/me': 'any user',
  'PATCH /users/me': 'any user',
  'DELETE /users/me': 'any user',
  'POST /users/me/delete': 'any user',
  'GET /users/me/export': 'any user',
  'GET /users/me/activity': 'any user',
  'GET /posts/:post_id': 'any user',
  'DELETE /posts/:post_id': 'any user',
  'GET /timeline': 'any user',
  'GET /users': 'any user',
  'GET /users/me/blocks': 'any user',
  'GET /users/me/mutes': 'any user',
  'GET /users/:username': 'any user',
  'GET /users/:username/followers': 'any user',
  'GET /users/:username/following': 'any user',
  'GET /users/:username/posts': 'any user',
  'PUT /users/:username/block': 'any user',
  'DELETE /users/:username/block': 'any user',
  'PUT /users/:username/follow': 'any user',
  'DELETE /users/:username/follow': 'any user',
  'PUT /users/:username/mute': 'any user',
  'DELETE /users/:username/mute': 'any user',
  'POST /admin/posts/:post_id/restore': 'admin',
  'GET /admin/audit': 'admin',
  'GET /admin/stats': 'admin',
  'GET /admin/users': 'admin',
  'POST /admin/users': 'admin',
  'GET /admin/users/:user_id': 'admin',
  'GET /admin/users/:user_id/sessions': 'admin',
  'PATCH /admin/users/:user_id': 'admin',
  'DELETE /admin/users/:user_id': 'admin',
  'POST /admin/users/:user_id/disable': 'moderator, admin',
  'POST /admin/users/:user_id/enable': 'moderator, admin',
  'POST /admin/users/:user_id/logout': 'admin',
  'POST /admin/users/:user_id/password-reset': 'admin',
  'POST /auth/email/confirm': 'public',
  'POST /auth/email/resend': 'public',
  'POST /auth/email/undo': 'public',
  'POST /auth/login': 'public',
  'POST /auth/logout': 'optional',
  'POST /auth/password/forgot': 'public',
  'POST /auth/password/reset': 'public',
  'POST /auth/refresh': 'public',
  'POST /auth/register': 'public',
  'POST /posts': 'any user',
  'POST /tasks': 'any user',
  'POST /users/me/email': 'any user',
  'PUT /tasks/:task_id': 'any user',
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

  it('have the access that is written here', () => {
    expect(Object.fromEntries(declaredRoutes(app).map(({ name, access }) => [name, access]))).toEqual(ROUTES);
  });

  it('are all there is: nothing else is served, and everything at both prefixes', () => {
    const versioned = Object.keys(ROUTES).flatMap((route) => {
      const [method = '', path = ''] = route.split(' ');
      const bare = /^\/(?:health|metrics|dev|reset|confirm|undo|account-pages|\.well-known)/.test(path);
      const paths = bare ? [path] : [`/api/v1${path}`, `/api${path}`];
      return paths.flatMap((each) => (method === 'GET' ? [`GET ${each}`, `HEAD ${each}`] : [`${method} ${each}`]));
    });
    const served = app.routes;
    const others = served.filter((route) => !versioned.includes(route) && !route.startsWith('HEAD '));
    expect(others.filter((route) => !route.startsWith('GET /docs/') && !UNGUARDED.includes(route))).toEqual([]);
    expect(versioned.filter((route) => !served.includes(route))).toEqual([]);
  });

  it('are closed to nobody unless they are public or optional', async () => {
    for (const [route, access] of Object.entries(ROUTES)) {
      if (access === 'public' || access === 'optional') continue;
      const [method = '', path = ''] = route.split(' ');
      for (const prefix of ['/api/v1', '/api']) {
        const answer = await app.api.send(method, prefix + path.replace(/:\w+/, '1'));
        expect([route, answer.status]).toEqual([route, 401]);
      }
    }
  });
});

/** What verifies a secret or sends mail is held to 60 requests a minute an address; an office behind one address must not lose its sessions by anything else. */
const STRICT = [
  'DELETE /users/me',
  'POST /auth/email/confirm',
  'POST /auth/email/resend',
  'POST /auth/email/undo',
  'POST /auth/login',
  'POST /auth/password/forgot',
  'POST /auth/password/reset',
  'POST /auth/register',
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
