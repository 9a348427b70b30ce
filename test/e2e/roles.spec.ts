import { ACCESS, type Role, ROLES } from '../../src/common/access.js';
import { MeController } from '../../src/users/me.controller.js';
import { TestApp } from '../support/app.js';
import { login, person, type Tokens } from '../support/people.js';
import { refreshed } from '../support/sessions.js';

/** A route that is not for everybody, while no noun has one of its own. */
const handler = Object.getOwnPropertyDescriptor(MeController.prototype, 'getOwnProfile')?.value as object;

describe('a route for certain roles', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start();
    Reflect.defineMetadata(ACCESS, ['moderator', 'admin'], handler);
  });

  afterAll(async () => {
    Reflect.deleteMetadata(ACCESS, handler);
    await app.stop();
  });

  const someone = async (role: Role): Promise<Tokens & { id: string }> => {
    const { id, email } = await person(app, role);
    await app.pool.query('UPDATE users SET role = $2 WHERE id = $1', [id, role]);
    return { ...(await login(app, email)), id };
  };

  /** By fetch: the document does not know that the route is closed here. */
  const ask = async (token?: string): Promise<[number, string | undefined]> => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const answer = await fetch(`${app.url}/api/v1/users/me`, { headers });
    return [answer.status, ((await answer.json()) as { code?: string }).code];
  };

  it.each(ROLES)('is open to %s only if it says so [V8.2.1] [V10.3.2]', async (role) => {
    const { access_token } = await someone(role);
    expect(await ask(access_token)).toEqual(role === 'user' ? [403, 'insufficient_role'] : [200, undefined]);
  });

  it('is closed to nobody [V8.3.1]', async () => {
    expect(await ask()).toEqual([401, 'authentication_required']);
  });

  it('goes by the role that the token was made with, and a refresh brings the new one', async () => {
    const admin = await someone('admin');
    await app.pool.query(`UPDATE users SET role = 'user' WHERE id = $1`, [admin.id]);
    expect(await ask(admin.access_token)).toEqual([200, undefined]);
    const { access_token } = await refreshed(app, admin.refresh_token);
    expect(await ask(access_token)).toEqual([403, 'insufficient_role']);
  });
});
