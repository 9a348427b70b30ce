import { TestApp } from '../support/app.js';
import { auditOf } from '../support/audit.js';
import { login, PASSWORD, person, staff } from '../support/people.js';

const ENV = { ADMIN_EMAIL: 'Root@Example.org', ADMIN_PASSWORD: 'engine number nine' };

describe('the first admin', () => {
  let app: TestApp;
  const others: TestApp[] = [];

  beforeAll(async () => {
    app = await TestApp.start();
  });

  beforeEach(() => app.forget());

  afterEach(async () => {
    for (const other of others.splice(0)) await other.stop();
  });

  afterAll(() => app.stop());

  const start = async (env: Record<string, string> = ENV): Promise<TestApp> => {
    const other = await TestApp.start({ sharing: app, env });
    others.push(other);
    return other;
  };

  const admins = async (): Promise<{ id: string; email: string }[]> =>
    (await app.pool.query<{ id: string; email: string }>(`SELECT id, email FROM users WHERE role = 'admin'`)).rows;

  it('is made once, however many instances start together, can log in and is in the audit', async () => {
    await Promise.all([start(), start(), start(), start()]);
    const [made, ...more] = await admins();
    expect([made?.email, more]).toEqual(['root@example.org', []]);
    const { access_token } = await login(app, 'root@example.org', ENV.ADMIN_PASSWORD);
    const { body } = await app.api.as(access_token).get('/admin/users');
    expect(body).toMatchObject([{ email: 'root@example.org', role: 'admin', email_confirmed: true }]);
    expect((await auditOf(app, made?.id ?? ''))[0]).toMatchObject({
      action: 'user.registered',
      after: { role: 'admin' },
    });
    expect(others.flatMap(({ log }) => log).join('')).not.toContain(ENV.ADMIN_PASSWORD);
  });

  it('is not made where there is one, also under another address', async () => {
    const admin = await staff(app, 'admin');
    await start();
    expect((await admins()).map(({ id }) => id)).toEqual([admin.id]);
  });

  it('never takes an existing account over, and says so', async () => {
    const ada = await person(app, 'ada');
    const other = await start({ ...ENV, ADMIN_EMAIL: ada.email.toUpperCase() });
    expect(await admins()).toEqual([]);
    expect(other.events).toContain('first_admin_not_made');
    await login(app, ada.email, PASSWORD);
  });

  it.each([
    ['ADMIN_PASSWORD', 'password1'],
    ['ADMIN_PASSWORD', 'short'],
    ['ADMIN_EMAIL', 'not an address'],
  ])('keeps Roost from starting with %s=%s, and nobody is told the value', async (name, value) => {
    const error = await TestApp.start({ sharing: app, env: { ...ENV, [name]: value } }).catch(
      (caught: unknown) => caught,
    );
    expect(String(error)).toContain(name);
    expect(String(error)).not.toContain(value);
    expect(await admins()).toEqual([]);
  });
});
