import { unwrap } from 'roost-client';

import { AuditRetention } from '../../src/audit/audit-retention.js';
import { TestApp } from '../support/app.js';
import { moveNewConnections } from '../support/database-clock.js';
import { audited, auditOf, type AuditRow } from '../support/audit.js';
import { collect } from '../support/client.js';
import { claimsOf } from '../support/jwt.js';
import { login, PASSWORD, person, type Person, type Tokens } from '../support/people.js';
import { UUID } from '../support/problems.js';
import { watchQueries } from '../support/queries.js';
import { expectRefused, me, refresh, refreshed } from '../support/sessions.js';

let app: TestApp;
let ada: Person;
let bob: Person;

beforeAll(async () => {
  app = await TestApp.start();
});

beforeEach(async () => {
  await app.forget();
  ada = await person(app, 'ada');
  bob = await person(app, 'bob');
});

afterAll(() => app.stop());

const sessionOf = ({ access_token }: Tokens): string => String(claimsOf(access_token).sid);

const tryLogin = (email: string, password = PASSWORD) => app.client.post('/auth/login', { body: { email, password } });

const end = ({ client }: Person, tokens: Tokens) =>
  client.delete('/auth/sessions/{session_id}', { path: { session_id: sessionOf(tokens) } });

const activity = ({ client }: Person) => unwrap(client.get('/users/me/activity'));

const brief = (rows: AuditRow[]): unknown[] =>
  rows.map(({ action, actor_id, subject_id, session_id, after }) => [
    action,
    actor_id,
    subject_id,
    session_id,
    after?.reason,
  ]);

describe('the audit tells of', () => {
  it('a registration and the login after it: who, when and from where [V16.2.1] [V16.3.1]', async () => {
    const started = Date.now();
    let tokens = { access_token: '', refresh_token: '' };
    const api = app.api.with({ 'user-agent': 'Eve 1.0' });
    const rows = await audited(app, async () => {
      await api.post('/auth/register', { email: 'eve@example.org', password: PASSWORD });
      tokens = (await api.post('/auth/login', { email: 'eve@example.org', password: PASSWORD })).body as Tokens;
    });
    const id = String(claimsOf(tokens.access_token).sub);
    expect(brief(rows)).toEqual([
      ['user.registered', id, id, null, undefined],
      ['login.succeeded', id, id, sessionOf(tokens), undefined],
    ]);
    for (const { ip, user_agent, request_id, at } of rows) {
      expect([ip, user_agent]).toEqual(['127.0.0.1', 'Eve 1.0']);
      expect(request_id).toMatch(UUID);
      expect(Math.abs(at.getTime() - started)).toBeLessThan(60_000);
    }
  });

  it('the request that it was', async () => {
    const { response } = await tryLogin(ada.email);
    expect((await auditOf(app, ada.id)).at(-1)?.request_id).toBe(response.headers.get('x-request-id'));
  });

  it('failed logins, of whom there is and of whom there is not, and never what was typed [V16.3.1]', async () => {
    const canary = 'a password that is nowhere else';
    const rows = await audited(app, async () => {
      await tryLogin(ada.email, canary);
      await app.client.post('/auth/login', { body: { username: 'canary_name', password: canary } });
    });
    expect(brief(rows)).toEqual([
      ['login.failed', null, ada.id, null, 'invalid_credentials'],
      ['login.failed', null, null, null, 'invalid_credentials'],
    ]);
    expect(JSON.stringify(rows)).not.toMatch(/canary|nowhere else/);
  });

  it('a login of a disabled account', async () => {
    await app.pool.query(`UPDATE users SET status = 'disabled' WHERE id = $1`, [ada.id]);
    const rows = await audited(app, () => tryLogin(ada.email));
    expect(brief(rows)).toEqual([['login.failed', null, ada.id, null, 'account_disabled']]);
  });

  it('the end of each session, and why', async () => {
    const [phone, tablet, watch] = [
      await login(app, ada.email),
      await login(app, ada.email),
      await login(app, ada.email),
    ];
    const rows = await audited(app, async () => {
      await unwrap(app.client.post('/auth/logout', { body: { refresh_token: phone.refresh_token } }));
      await unwrap(end(ada, tablet));
      await unwrap(watch.client.logout('global'));
    });
    const ended = (tokens: Tokens): unknown[] => ['session.ended', ada.id, ada.id, sessionOf(tokens), 'logout'];
    expect(brief(rows.slice(0, 2))).toEqual([ended(phone), ended(tablet)]);
    expect(brief(rows.slice(2)).sort()).toEqual([ended(ada), ended(watch)].sort());
  });

  it('nothing where nothing ended', async () => {
    const rows = await audited(app, async () => {
      await unwrap(ada.client.logout('others'));
      expectRefused(await end(ada, bob), 'session_not_found', 404);
      const body = { refresh_token: `${ada.refresh_token}x` };
      expectRefused(await app.client.post('/auth/logout', { body }), 'invalid_refresh_token');
    });
    expect(rows).toEqual([]);
  });

  it('the reuse of a refresh token, though the request fails', async () => {
    await refreshed(app, (await refreshed(app, ada.refresh_token)).refresh_token);
    const rows = await audited(app, () => refresh(app, ada.refresh_token));
    expect(brief(rows)).toEqual([['session.reused', null, ada.id, sessionOf(ada), undefined]]);
  });

  it('no refresh: clients do that every few minutes', async () => {
    const rows = await audited(app, async () => {
      const { refresh_token } = await refreshed(app, ada.refresh_token);
      await refreshed(app, ada.refresh_token);
      await refreshed(app, refresh_token);
      await refresh(app, 'no token');
    });
    expect(rows).toEqual([]);
  });

  it('a changed password, the sessions that it ends, and an attempt with a wrong one [V16.3.1]', async () => {
    const phone = await login(app, ada.email);
    const change = (current_password: string) =>
      ada.client.put('/auth/password', { body: { current_password, new_password: 'another horse battery' } });
    const rows = await audited(app, async () => {
      await change('wrong horse battery');
      await change(PASSWORD);
    });
    expect(brief(rows)).toEqual([
      ['password.change_failed', ada.id, ada.id, sessionOf(ada), undefined],
      ['password.changed', ada.id, ada.id, sessionOf(ada), undefined],
      ['session.ended', ada.id, ada.id, sessionOf(phone), 'password_change'],
    ]);
    expect(JSON.stringify(rows)).not.toMatch(/horse|\$2/);
  });

  it('sessions that went because there were too many', async () => {
    const small = await TestApp.start({ sharing: app, env: { SESSIONS_PER_USER: '1' } });
    try {
      const rows = await audited(app, () => login(small, ada.email));
      expect(brief(rows).map((row) => (row as unknown[])[0])).toEqual(['login.succeeded', 'session.ended']);
      expect(brief(rows)[1]).toEqual(['session.ended', ada.id, ada.id, sessionOf(ada), 'session_cap']);
    } finally {
      await small.stop();
    }
  });

  it('people who are gone', async () => {
    const before = await auditOf(app, ada.id);
    await app.pool.query('DELETE FROM users WHERE id = $1', [ada.id]);
    expect(await auditOf(app, ada.id)).toEqual(before);
  });
});

describe('an event and what it tells of are one', () => {
  /** By fetch: no fault of ours is documented. */
  const post = (path: string, body: object, token?: string): Promise<Response> =>
    fetch(`${app.url}/api/v1${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify(body),
    });

  beforeEach(async () => {
    await app.pool.query('ALTER TABLE audit_events ADD CONSTRAINT nothing_more CHECK (false) NOT VALID');
  });

  it('where it cannot be written, nobody is registered, logged in or logged out', async () => {
    const account = { email: 'eve@example.org', password: PASSWORD };
    expect((await post('/auth/register', account)).status).toBe(500);
    expect((await post('/auth/login', { email: ada.email, password: PASSWORD })).status).toBe(500);
    expect((await post('/auth/logout', {}, ada.access_token)).status).toBe(500);
    expect((await me(app, ada.access_token)).status).toBe(200);
    const { rows } = await app.pool.query(
      `SELECT (SELECT count(*)::int FROM users) AS users, (SELECT count(*)::int FROM sessions WHERE revoked_at IS NULL) AS live`,
    );
    expect(rows).toEqual([{ users: 2, live: 2 }]);
    await app.pool.query('ALTER TABLE audit_events DROP CONSTRAINT nothing_more');
    expect((await post('/auth/register', account)).status).toBe(201);
    expect((await post('/auth/logout', {}, ada.access_token)).status).toBe(200);
  });
});

describe('the table', () => {
  it.each(['audit_events', 'audit_events_default', 'the partition'])('of events is never changed: %s', async (name) => {
    const { rows } = await app.pool.query<{ name: string }>(
      'SELECT DISTINCT tableoid::regclass::text AS name FROM audit_events',
    );
    await app.pool.query(`INSERT INTO audit_events (at, action) VALUES ('1999-01-01', 'login.failed')`);
    const table = name === 'the partition' ? (rows[0]?.name ?? '') : name;
    for (const statement of [`UPDATE ${table} SET action = 'x'`, `DELETE FROM ${table}`, `TRUNCATE ${table}`]) {
      await expect(app.pool.query(statement)).rejects.toThrow('audit events are never changed');
    }
  });
});

describe('GET /users/me/activity', () => {
  it('shows what happened to the own account, the newest first, and nobody else’s', async () => {
    for (const { email } of [ada, bob]) await tryLogin(email, 'wrong horse battery');
    expect(await activity(ada)).toMatchObject([
      { action: 'login.failed', by: 'unknown', session_id: null, ip: '127.0.0.1', reason: 'invalid_credentials' },
      { action: 'login.succeeded', by: 'self', session_id: sessionOf(ada), reason: null },
      { action: 'user.registered', by: 'self', session_id: null },
    ]);
  });

  it('has pages that add up to the whole while events are added', async () => {
    for (let count = 0; count < 7; count += 1) await login(app, ada.email);
    const whole = await activity(ada);
    expect(whole).toHaveLength(9);
    const pages = ada.client.pages('/users/me/activity', { query: { limit: 2 } });
    expect((await collect(pages, () => login(app, ada.email))).flat()).toEqual(whole);
  });

  it('refuses what is no page of it, with the field named', async () => {
    const { response } = await bob.client.get('/users/me/activity', { query: { limit: 1 } });
    const foreign = /cursor=([^&>]+)/.exec(response.headers.get('link') ?? '')?.[1];
    const bad = {
      [`cursor=${foreign}`]: 'cursor',
      'cursor=x': 'cursor',
      'limit=0': 'limit',
      'limit=1e1': 'limit',
      'subject=1': 'subject',
    };
    for (const [query, field] of Object.entries(bad)) {
      const answer = await ada.api.get(`/users/me/activity?${query}`);
      expect([query, answer.status, answer.body.errors[0].pointer]).toEqual([query, 422, `#/${field}`]);
    }
  });

  it('is closed to nobody, and to whose session has ended', async () => {
    expectRefused(await app.client.get('/users/me/activity'), 'authentication_required');
    await unwrap(ada.client.post('/auth/logout'));
    expectRefused(await ada.client.get('/users/me/activity'), 'token_revoked');
  });

  it('is found by an index', async () => {
    await app.pool.query(
      `INSERT INTO audit_events (at, action, subject_id)
       SELECT now(), 'login.failed', CASE WHEN n % 2 = 0 THEN $1::uuid ELSE gen_random_uuid() END FROM generate_series(1, 20000) n`,
      [ada.id],
    );
    await app.pool.query('ANALYZE audit_events');
    const { statements } = await watchQueries(() => activity(ada));
    expect(statements).toHaveLength(1);
    const { rows } = await app.pool.query<Record<'QUERY PLAN', string>>(
      `EXPLAIN ${statements[0]?.replace('$1', `'${ada.id}'`).replace('$2', '50')}`,
    );
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    expect(plan).toMatch(/Index Scan Backward using audit_events_\d+_\d+_subject_id_at_id_idx/);
    expect(plan).not.toMatch(/-> {2}Sort/);
  });
});

describe('the partitions', () => {
  let unchanged: TestApp;

  beforeEach(async () => {
    unchanged = app;
    app = await TestApp.start();
    ada = await person(app, 'ada');
    bob = await person(app, 'bob');
  });

  afterEach(async () => {
    await app.stop();
    app = unchanged;
  });

  const partitions = async (): Promise<string[]> => {
    const { rows } = await app.pool.query<{ name: string }>(
      `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'audit_events'::regclass ORDER BY 1`,
    );
    return rows.map(({ name }) => name.replace('audit_events_', ''));
  };

  const months = (from: number, to: number): string[] => {
    const now = new Date();
    return Array.from({ length: to - from + 1 }, (_, index) =>
      new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + from + index))
        .toISOString()
        .slice(0, 7)
        .replace('-', '_'),
    );
  };

  /** Partitions are kept over a connection of their own. */
  const advance = async (duration: `${number}d`): Promise<void> => {
    app.clock.advance(duration);
    await moveNewConnections(app.databaseUrl, app.clock);
  };

  const keep = (instance = app): Promise<unknown> => instance.nestApp.get(AuditRetention).run();

  it('of this month and of three more are there when Roost starts, and nothing is in the default one', async () => {
    expect(await partitions()).toEqual([...months(0, 3), 'default']);
    expect((await app.pool.query('SELECT 1 FROM audit_events_default')).rowCount).toBe(0);
    expect(await keep()).toEqual({ made: [], dropped: [], moved: 0 });
  });

  it('are made ahead while it runs, on any number of instances at once', async () => {
    const other = await TestApp.start({ sharing: app });
    try {
      other.clock.advance('62d');
      await advance('62d');
      const done = (await Promise.all([keep(), keep(other), keep(), keep(other)])) as { made: string[] }[];
      const made = done.flatMap((changes) => changes.made);
      expect(made.length).toBeGreaterThanOrEqual(2);
      expect(new Set(made).size).toBe(made.length);
      expect(await partitions()).toEqual([...months(0, 3), ...made, 'default']);
    } finally {
      await other.stop();
    }
  });

  it('that were missed fail nobody’s login: what came meanwhile is moved to its month, with a warning', async () => {
    await advance('200d');
    const { rows } = await app.pool.query<{ count: number }>('SELECT count(*)::int AS count FROM audit_events');
    const before = rows[0]?.count ?? 0;
    for (const { email } of [ada, bob]) await login(app, email);
    expect((await app.pool.query('SELECT 1 FROM audit_events_default')).rowCount).toBe(2);
    expect(await keep()).toMatchObject({ moved: 2, dropped: [] });
    expect((await app.pool.query('SELECT 1 FROM audit_events_default')).rowCount).toBe(0);
    expect((await app.pool.query('SELECT 1 FROM audit_events')).rowCount).toBe(before + 2);
    expect(app.events).toContain('audit_default_used');
    await expect(app.pool.query('DELETE FROM audit_events')).rejects.toThrow('never changed');
    await expect(app.pool.query('TRUNCATE audit_events_default')).rejects.toThrow('never changed');
    expect(await keep()).toEqual({ made: [], dropped: [], moved: 0 });
  });

  it('go when all of their month is older than AUDIT_RETENTION, and no day before', async () => {
    const [month = ''] = months(0, 0);
    const end = Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5)));
    const days = Math.floor((end - Date.now()) / 86_400_000);
    await advance(`${400 + days}d`);
    expect(await keep()).toMatchObject({ dropped: [] });
    expect((await auditOf(app, ada.id)).length).toBeGreaterThan(0);
    await advance('1d');
    expect(await keep()).toMatchObject({ dropped: [month] });
    expect(await auditOf(app, ada.id)).toEqual([]);
  });

  it('that cannot be had for now keep nobody waiting for long', async () => {
    const holder = await app.pool.connect();
    try {
      await holder.query('BEGIN; SELECT 1 FROM audit_events');
      await advance('62d');
      await expect(keep()).rejects.toThrow(/lock timeout/);
      await login(app, ada.email);
    } finally {
      await holder.query('ROLLBACK');
      holder.release();
    }
    expect(((await keep()) as { made: string[] }).made.length).toBeGreaterThanOrEqual(2);
  });
});
