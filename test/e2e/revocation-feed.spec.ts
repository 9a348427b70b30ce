import { Cursors } from '../../src/common/pagination.js';
import type { Answer } from '../support/api.js';
import { TestApp } from '../support/app.js';
import { claimsOf } from '../support/jwt.js';
import { login, person, type Person } from '../support/people.js';
import { expectRefused } from '../support/sessions.js';

const SERVICE_TOKEN = 'a-token-of-the-tests-for-services-only';

interface Entry {
  readonly session_id: string | null;
  readonly user_id: string | null;
  readonly min_epoch: number | null;
  readonly created_at: string;
  readonly expires_at: string;
}

describe('GET /auth/revocations', () => {
  let app: TestApp;
  let ada: Person;

  beforeAll(async () => {
    app = await TestApp.start({ env: { SERVICE_TOKEN } });
  });

  beforeEach(async () => {
    await app.forget();
    ada = await person(app, 'ada');
  });

  afterAll(() => app.stop());

  const read = (path = '/auth/revocations'): Promise<Answer<Entry[]>> => app.api.as(SERVICE_TOKEN).get(path);

  const nextOf = ({ headers }: Answer): string => /^<(.+)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1] ?? '';

  const sessionsIn = ({ body }: Answer<Entry[]>): (string | null)[] => body.map(({ session_id }) => session_id);

  /** @returns the id of a session that has just ended */
  const endedSession = async (): Promise<string> => {
    const { access_token } = await login(app, ada.email);
    await app.api.as(access_token).post('/auth/logout');
    return String(claimsOf(access_token).sid);
  };

  const revoke = (rows: number, age = '0 s'): Promise<unknown> =>
    app.pool.query(
      'INSERT INTO revocations (session_id, created_at) SELECT gen_random_uuid(), now() - $2::interval FROM generate_series(1, $1)',
      [rows, age],
    );

  it('lists what ended, and when it may be forgotten', async () => {
    const id = await endedSession();
    const answer = await read();
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject([{ session_id: id, user_id: null, min_epoch: null }]);
    const [{ created_at, expires_at }] = answer.body as [Entry];
    expect(Date.parse(expires_at) - Date.parse(created_at)).toBe(25 * 3_600_000);
  });

  it('lists from which epoch on tokens of a user are good', async () => {
    await app.pool.query('INSERT INTO revocations (user_id, min_epoch) VALUES ($1, 7)', [ada.id]);
    expect((await read()).body).toMatchObject([{ session_id: null, user_id: ada.id, min_epoch: 7 }]);
  });

  it('goes on where it was left: what came since, and nothing for ever', async () => {
    await endedSession();
    const first = await read();
    const second = await read(nextOf(first));
    const late = await endedSession();
    const third = await read(nextOf(second));
    expect(sessionsIn(third)).toContain(late);
    await app.pool.query('SELECT pg_current_xact_id()');
    // An entry comes again for as long as a transaction from before it is open, in whichever database of the server.
    let last = third;
    while (last.body.length > 0) {
      last = await read(nextOf(last));
      expect(last.status).toBe(200);
    }
    expect(nextOf(last)).not.toBe('');
  });

  it('keeps the prefix of the request in its link', async () => {
    expect(nextOf(await read('/api/auth/revocations'))).toMatch(/^\/api\/auth\/revocations\?after=/);
  });

  it('leaves out nothing of transactions that commit after later ones', async () => {
    const writer = await app.pool.connect();
    try {
      await writer.query('BEGIN');
      const { rows } = await writer.query<{ session_id: string }>(
        'INSERT INTO revocations (session_id) VALUES (gen_random_uuid()) RETURNING session_id',
      );
      const later = await endedSession();
      const before = await read();
      expect(sessionsIn(before)).toEqual([later]);
      const between = await read(nextOf(before));
      await writer.query('COMMIT');
      expect(sessionsIn(await read(nextOf(between)))).toContain(rows[0]?.session_id);
    } finally {
      writer.release();
    }
  });

  it('gives each entry on some page when there are many, also of a transaction that commits during the walk', async () => {
    await revoke(2_500);
    const writer = await app.pool.connect();
    const seen = new Set<string | null>();
    try {
      await writer.query('BEGIN');
      await writer.query('INSERT INTO revocations (session_id) VALUES (gen_random_uuid())');
      await revoke(1_200);
      let page = await read();
      expect(page.body).toHaveLength(1_000);
      await writer.query('COMMIT');
      while (page.body.length === 1_000) {
        for (const id of sessionsIn(page)) seen.add(id);
        page = await read(nextOf(page));
      }
      for (const id of [...sessionsIn(page), ...sessionsIn(await read(nextOf(page)))]) seen.add(id);
    } finally {
      writer.release();
    }
    expect(seen.size).toBe(3_701);
  });

  it('begins anew with a cursor of another server, whose transactions may have higher numbers', async () => {
    const id = await endedSession();
    const foreign = app.nestApp.get(Cursors).encode('revocations', ['0', '999999999']);
    const answer = await read(`/auth/revocations?after=${foreign}`);
    expect(sessionsIn(answer)).toEqual([id]);
  });

  it('leaves out what no token lives for any more', async () => {
    await revoke(1, '26 h');
    expect((await read()).body).toEqual([]);
  });

  it('takes the scheme of its token in any case', async () => {
    for (const scheme of ['bearer', 'BEARER ']) {
      const authorization = `${scheme} ${SERVICE_TOKEN}`;
      expect((await app.api.with({ authorization }).get('/auth/revocations')).status).toBe(200);
    }
    for (const authorization of [SERVICE_TOKEN, `bearer${SERVICE_TOKEN}`, `Basic ${SERVICE_TOKEN}`, 'bearer ', 'x'])
      expectRefused(await app.api.with({ authorization }).get('/auth/revocations'), 'invalid_token');
  });

  it('is closed to everybody else', async () => {
    expectRefused(await app.api.get('/auth/revocations'), 'authentication_required');
    expectRefused(await ada.api.get('/auth/revocations'), 'invalid_token');
    for (const token of [SERVICE_TOKEN.slice(1), `${SERVICE_TOKEN}x`, 'undefined'])
      expectRefused(await app.api.as(token).get('/auth/revocations'), 'invalid_token');
  });

  it('is closed to all while there is no SERVICE_TOKEN', async () => {
    const without = await TestApp.start({ sharing: app });
    try {
      for (const token of ['undefined', '', SERVICE_TOKEN, ada.access_token])
        expectRefused(await without.api.as(token).get('/auth/revocations'), 'invalid_token');
    } finally {
      await without.stop();
    }
  });

  it('and its token opens nothing else', async () => {
    expectRefused(await app.api.as(SERVICE_TOKEN).get('/auth/me'), 'invalid_token');
  });

  it.each(['x', 'AAAA', '%27', 'a'.repeat(5_000)])('refuses the cursor %s and names it', async (after) => {
    const { status, body } = (await read(`/auth/revocations?after=${after}`)) as Answer;
    expect([status, body.errors[0].pointer]).toEqual([400, '#/after']);
  });

  it('refuses a cursor of another list', async () => {
    const cursor = /cursor=([^&>]+)/.exec(
      (await ada.api.get('/users/me/activity?limit=1')).headers.get('link') ?? '',
    )?.[1];
    expect((await read(`/auth/revocations?after=${cursor}`)).status).toBe(400);
  });
});
