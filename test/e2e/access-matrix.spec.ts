/** Every operation of openapi.json, asked by everybody: what each is answered is in one table. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { TestApp } from '../support/app.js';
import { PASSWORD, person, type Person, staff } from '../support/people.js';

const WHO = ['nobody', 'another', 'owner', 'moderator', 'admin', 'disabled'] as const;
type Who = (typeof WHO)[number];

/** By {@link WHO}; a disabled account still sends its last access token. */
const EVERYBODY = (status: number): number[] => [status, status, status, status, status, status];
const ANY_USER = (status: number): number[] => [401, status, status, status, status, 401];
const OWNER = (status: number, others: number): number[] => [401, others, status, others, others, 401];
const STAFF = (status: number): number[] => [401, 403, 403, status, status, 401];
const ADMIN = (status: number): number[] => [401, 403, 403, 403, status, 401];

interface Asked {
  /** By {@link WHO}. */
  readonly answers: readonly number[];
  readonly body?: object;
  readonly query?: string;
}

const MISSING = '00000000-0000-4000-8000-000000000000';

/** `{task_id}`, `{post_id}`, `{user_id}` and `{username}` are the owner's; who changes something of it has an owner of their own. */
const OPERATIONS: Record<string, Asked> = {
  'GET /.well-known/jwks.json': { answers: EVERYBODY(200) },
  'GET /health/live': { answers: EVERYBODY(200) },
  'GET /health/ready': { answers: EVERYBODY(200) },
  'POST /api/v1/auth/register': { answers: EVERYBODY(400), body: { role: 'admin' } },
  'POST /api/v1/auth/login': { answers: EVERYBODY(401), body: { email: 'nobody@example.org', password: PASSWORD } },
  'POST /api/v1/auth/refresh': { answers: EVERYBODY(401), body: { refresh_token: 'x' } },
  'POST /api/v1/auth/logout': { answers: ANY_USER(200), body: { scope: 'others' } },
  'PUT /api/v1/auth/password': {
    answers: ANY_USER(403),
    body: { current_password: 'wrong horse battery', new_password: 'another horse battery' },
  },
  'POST /api/v1/auth/email/confirm': { answers: EVERYBODY(400), body: { token: 'x' } },
  'POST /api/v1/auth/email/resend': { answers: EVERYBODY(202), body: { email: 'nobody@example.org' } },
  'POST /api/v1/auth/email/undo': {
    answers: EVERYBODY(400),
    body: { token: 'x', new_password: 'another horse battery' },
  },
  'POST /api/v1/auth/password/forgot': { answers: EVERYBODY(202), body: { email: 'nobody@example.org' } },
  'POST /api/v1/auth/password/reset': {
    answers: EVERYBODY(400),
    body: { token: 'x', new_password: 'another horse battery' },
  },
  'GET /api/v1/auth/me': { answers: ANY_USER(200) },
  'GET /api/v1/auth/sessions': { answers: ANY_USER(200) },
  'DELETE /api/v1/auth/sessions/{session_id}': { answers: ANY_USER(404) },
  'GET /api/v1/auth/revocations': { answers: EVERYBODY(401) },
  'GET /api/v1/users/me': { answers: ANY_USER(200) },
  'PATCH /api/v1/users/me': { answers: ANY_USER(200), body: { bio: 'x' } },
  'DELETE /api/v1/users/me': { answers: ANY_USER(403), body: { current_password: 'wrong horse battery' } },
  'POST /api/v1/users/me/delete': { answers: ANY_USER(403), body: { current_password: 'wrong horse battery' } },
  'GET /api/v1/users/me/export': { answers: ANY_USER(200) },
  'GET /api/v1/users/me/activity': { answers: ANY_USER(200) },
  'POST /api/v1/users/me/email': {
    answers: ANY_USER(403),
    body: { email: 'nobody@example.org', current_password: 'wrong horse battery' },
  },
  'GET /api/v1/tasks': { answers: ANY_USER(200) },
  'POST /api/v1/tasks': { answers: ANY_USER(201), body: { title: 'x' } },
  'GET /api/v1/tasks/{task_id}': { answers: OWNER(200, 403) },
  'PUT /api/v1/tasks/{task_id}': { answers: OWNER(200, 403), body: { title: 'x' } },
  'PATCH /api/v1/tasks/{task_id}/complete': { answers: OWNER(200, 403), body: { completed: true } },
  'DELETE /api/v1/tasks/{task_id}': { answers: OWNER(200, 403) },
  'POST /api/v1/posts': { answers: ANY_USER(201), body: { text: 'x' } },
  'GET /api/v1/posts/{post_id}': { answers: ANY_USER(200) },
  'DELETE /api/v1/posts/{post_id}': { answers: [401, 403, 200, 200, 200, 401] },
  'GET /api/v1/timeline': { answers: ANY_USER(200) },
  'GET /api/v1/timeline/stream': { answers: ANY_USER(200) },
  'GET /api/v1/users': { answers: ANY_USER(200), query: '?q=owner' },
  'GET /api/v1/users/me/mutes': { answers: ANY_USER(200) },
  'GET /api/v1/users/me/blocks': { answers: ANY_USER(200) },
  'GET /api/v1/users/{username}': { answers: ANY_USER(200) },
  'GET /api/v1/users/{username}/posts': { answers: ANY_USER(200) },
  'GET /api/v1/users/{username}/followers': { answers: ANY_USER(200) },
  'GET /api/v1/users/{username}/following': { answers: ANY_USER(200) },
  'PUT /api/v1/users/{username}/follow': { answers: OWNER(422, 204) },
  'DELETE /api/v1/users/{username}/follow': { answers: ANY_USER(204) },
  'PUT /api/v1/users/{username}/mute': { answers: OWNER(422, 204) },
  'DELETE /api/v1/users/{username}/mute': { answers: ANY_USER(204) },
  'PUT /api/v1/users/{username}/block': { answers: OWNER(422, 204) },
  'DELETE /api/v1/users/{username}/block': { answers: ANY_USER(204) },
  'POST /api/v1/admin/posts/{post_id}/restore': { answers: ADMIN(200) },
  'GET /api/v1/admin/audit': { answers: ADMIN(200) },
  'GET /api/v1/admin/stats': { answers: ADMIN(200) },
  'GET /api/v1/admin/users': { answers: ADMIN(200) },
  'POST /api/v1/admin/users': { answers: ADMIN(201), body: { email: 'invited@example.org' } },
  'GET /api/v1/admin/users/{user_id}': { answers: ADMIN(200) },
  'GET /api/v1/admin/users/{user_id}/sessions': { answers: ADMIN(200) },
  'PATCH /api/v1/admin/users/{user_id}': { answers: ADMIN(200), body: { role: 'moderator' } },
  'DELETE /api/v1/admin/users/{user_id}': { answers: ADMIN(202) },
  'POST /api/v1/admin/users/{user_id}/disable': { answers: STAFF(204), body: { reason: 'x' } },
  'POST /api/v1/admin/users/{user_id}/enable': { answers: STAFF(204) },
  'POST /api/v1/admin/users/{user_id}/logout': { answers: ADMIN(204) },
  'POST /api/v1/admin/users/{user_id}/password-reset': { answers: ADMIN(204) },
};

const DOCUMENT = JSON.parse(readFileSync(join(__dirname, '../../openapi.json'), 'utf8')) as {
  paths: Record<string, Record<string, unknown>>;
};

/** What belongs to somebody, and may be asked for by others. */
interface Owned {
  readonly owner: Person;
  readonly taskId: string;
  readonly postId: string;
}

describe('access', () => {
  let app: TestApp;
  /** Of those who come again and again; the owner has one of their own. */
  const tokens: Partial<Record<Who, string>> = {};
  let untouched: Owned;

  beforeAll(async () => {
    app = await TestApp.start();
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
    const [task, post] = await Promise.all([
      owner.api.post('/tasks', { title: 'owned' }),
      owner.api.post('/posts', { text: 'owned' }),
    ]);
    expect([task.status, post.status]).toEqual([201, 201]);
    return { owner, taskId: String(task.body.id), postId: String(post.body.id) };
  }

  it('is in the table for every operation, and for nothing else', () => {
    const documented = Object.entries(DOCUMENT.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(documented.sort()).toEqual(Object.keys(OPERATIONS).sort());
  });

  it.each(Object.entries(OPERATIONS))('to %s', async (operation, { answers, body, query = '' }) => {
    const [method = '', path = ''] = operation.split(' ');
    const changesOwned = method !== 'GET' && /\{(?:task_id|post_id|user_id|username)\}/.test(path);
    const given: [Who, number][] = [];
    for (const who of WHO) {
      const { owner, taskId, postId } = changesOwned ? await newOwned() : untouched;
      const token = who === 'owner' ? owner.access_token : tokens[who];
      const full = path
        .replace('{task_id}', taskId)
        .replace('{post_id}', postId)
        .replace('{user_id}', owner.id)
        .replace('{username}', owner.username)
        .replace('{session_id}', MISSING);
      const api = token === undefined ? app.api : app.api.as(token);
      given.push([who, (await api.send(method, full + query, body)).status]);
    }
    expect(given).toEqual(WHO.map((who, index) => [who, answers[index]]));
  });
});
