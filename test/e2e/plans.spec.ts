/** Statements read what they give, however much else there is: each is explained as it was really sent. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import pg from 'pg';
import { DataSource } from 'typeorm';

import { Erasure } from '../../src/account/erasure.js';
import { StatsJob } from '../../src/admin/stats-job.js';
import { readRevocations } from '../../src/auth/revocations/revocations.query.js';
import { PersonalDataRegistry } from '../../src/common/personal-data.js';
import { Cleanup } from '../../src/database/cleanup/cleanup.js';
import { countWaitingMails, takeDueMails } from '../../src/mail/outbox.query.js';
import type { Principal } from '../../src/common/access.js';
import { NEAR } from '../../src/tasks/tasks.query.js';
import { NEAR_PEOPLE } from '../../src/timeline/people/people.query.js';
import { NEAR_ACCOUNTS } from '../../src/users/users.query.js';
import { TestApp } from '../support/app.js';
import { claimsOf } from '../support/jwt.js';
import { type Person, person, staff } from '../support/people.js';
import { eventually } from '../support/process.js';
import { plansOf, textOf } from '../support/queries.js';
import { soaked } from '../support/soak.js';

const CLAIM = join(__dirname, '../../src/idempotency/claim_idempotency_key.sql');
const SERVICE_TOKEN = 'a-token-of-the-tests-for-services-only';

/** Rows of each table, all of them alive. */
const MANY = soaked(100_000, 20_000);
/** What one statement may look at: some times the rows of the largest batch or page. */
const FEW = 3_000;

let app: TestApp;
let ada: Person;
let admin: Person;
let eve: Person;

beforeAll(async () => {
  app = await TestApp.start({ env: { SERVICE_TOKEN } });
  [ada, admin, eve] = [await person(app, 'ada'), await staff(app, 'admin'), await person(app, 'eve')];
  await app.pool.query(
    `SET synchronous_commit = off;
     INSERT INTO users (email, username, display_name, hashed_password, created_at, email_confirmed_at, status, delete_after, deletion)
     SELECT 'm' || md5(n::text) || '@example.org', 'm' || left(md5(n::text), 20), md5('name' || n), 'x',
            now() - interval '1 year', NULL, 'disabled', now() + interval '7 days', 'own'
       FROM generate_series(1, ${MANY} / 2) n
     UNION ALL
     SELECT 'm' || md5(n::text) || '@example.org', 'm' || left(md5(n::text), 20), md5('name' || n), 'x',
            now(), now(), 'active', NULL, NULL
       FROM generate_series(${MANY} / 2 + 1, ${MANY}) n;
     INSERT INTO sessions (id, user_id, seq, salt, rotated_at, last_used_at, expires_at)
     SELECT gen_random_uuid(), id, 0, '\\x00', now(), now(), now() + interval '30 days' FROM users;
     INSERT INTO revocations (session_id) SELECT gen_random_uuid() FROM sessions;
     INSERT INTO login_failures (id, count, counted_at) SELECT decode(md5('f' || n), 'hex'), 1, now() FROM generate_series(1, ${MANY}) n;
     INSERT INTO known_addresses (id, account, seen_at)
     SELECT decode(md5('a' || n), 'hex'), decode(md5('b' || n), 'hex'), now() FROM generate_series(1, ${MANY}) n;
     INSERT INTO account_tokens (user_id, purpose, token_hash, created_at, expires_at)
     SELECT id, 'password_reset', decode(md5(id::text), 'hex'), now(), now() + interval '30 minutes' FROM users;
     INSERT INTO former_addresses (user_id, email, token_hash, created_at, expires_at)
     SELECT id, 'old' || email, decode(md5(id::text), 'hex'), now(), now() + interval '7 days' FROM users;
     INSERT INTO totp_secrets (user_id, sealed, key_id, confirmed_at, used_at)
     SELECT id, '\\x00', '\\x00', now(), now() FROM users;
     INSERT INTO recovery_codes (user_id, code_hash) SELECT id, decode(md5(id::text), 'hex') FROM users;
     INSERT INTO passkeys (user_id, credential_id, public_key, counter, name, second_factor, backed_up)
     SELECT id, decode(md5(id::text), 'hex'), '\\x00', 0, 'Phone', false, false FROM users;
     INSERT INTO passkey_challenges (challenge, expires_at)
     SELECT decode(md5('c' || n), 'hex'), now() + interval '5 minutes' FROM generate_series(1, ${MANY}) n;
     INSERT INTO mails (id, kind, address_key, recipient, created_at, next_attempt_at)
     SELECT gen_random_uuid(), 'password_reset', decode(md5('m' || n), 'hex'), 'm' || n || '@example.org',
            now() - n % 28 * interval '1 day', now() + interval '1 hour' FROM generate_series(1, ${MANY}) n;
     INSERT INTO mails (id, kind, address_key, created_at)
     SELECT gen_random_uuid(), 'password_reset', decode(md5('d' || n), 'hex'), now() FROM generate_series(1, ${MANY}) n;
     INSERT INTO idempotency_keys (id, user_id, answer, expires_at)
     SELECT decode(md5(id::text), 'hex'), id, '\\x00', now() + interval '1 day' FROM users;
     INSERT INTO audit_events (at, action, subject_id) SELECT now() - random() * interval '1 day', 'login.succeeded', id FROM users`,
  );
  await app.pool.query(
    `SET synchronous_commit = off;
     INSERT INTO tasks (user_id, title) SELECT id, 'task ' || username FROM users;
     INSERT INTO tasks (user_id, title, created_at)
     SELECT '${ada.id}', 'task ' || n, now() - n * interval '1 minute' FROM generate_series(1, 5000) n`,
  );
  await app.pool.query(
    `SET synchronous_commit = off;
     INSERT INTO posts (author_id, text) SELECT id, 'hello' FROM users;
     INSERT INTO posts (author_id, text, deleted_at) SELECT '${ada.id}', 'again', CASE WHEN n % 2 = 0 THEN now() END FROM generate_series(1, 100) n;
     INSERT INTO follows (follower_id, followee_id) SELECT id, '${ada.id}' FROM users WHERE username LIKE 'm%'`,
  );
  // As autovacuum does after so many rows.
  await app.pool.query('VACUUM ANALYZE');
  // While a transaction from before is open, in whichever database of the server, all of it counts as new.
  await eventually(async () => {
    const { rows } = await app.pool.query<{ old: boolean }>(
      'SELECT pg_snapshot_xmin(pg_current_snapshot()) > max(tx) AS old FROM revocations',
    );
    return rows[0]?.old === true;
  });
  const queries = jest.spyOn(pg.Client.prototype, 'query');
  const readings = (): number =>
    queries.mock.calls.filter(([query]) => textOf(query).includes('FROM revocations r WHERE')).length;
  await eventually(() => readings() > 1);
  queries.mockRestore();
});

afterAll(() => app.stop());

const manager = (): DataSource['manager'] => app.nestApp.get(DataSource).manager;

async function expectFewRead(work: () => Promise<unknown>, least = 1): Promise<void> {
  const plans = await plansOf(app.pool, work);
  expect(plans.length).toBeGreaterThanOrEqual(least);
  expect(plans.filter(({ rowsRead }) => rowsRead > FEW).slice(0, 1)).toEqual([]);
}

describe('while everything is alive', () => {
  it('no clean-up reads it all', async () => {
    await expectFewRead(() => app.nestApp.get(Cleanup).run(), 8);
  });

  it('an idempotency key is found among all', async () => {
    const [, from = ''] = /SELECT k\.answer INTO answer (FROM .*);/.exec(readFileSync(CLAIM, 'utf8')) ?? [];
    const key = createHash('md5').update(ada.id).digest();
    await expectFewRead(() => manager().query(`SELECT k.answer ${from.replace('= key', '= $1')}`, [key]));
  });

  it('the outbox finds that no mail is due', async () => {
    await expectFewRead(() =>
      takeDueMails(manager(), {
        limit: 10,
        leaseMs: 60_000,
        keyIds: [Buffer.from('key')],
        oldMs: 60_000,
        overdueMs: 60_000,
      }),
    );
  });

  it('the mails that wait are counted up to a bound', async () => {
    await expectFewRead(() => countWaitingMails(manager(), 1_000));
  });

  it('erasure finds that no account is due', async () => {
    await expectFewRead(() => app.nestApp.get(Erasure).run());
  });

  it('the export of a person reads what is theirs', async () => {
    const { sub, sid, role, epoch } = claimsOf(ada.access_token);
    const principal = { userId: sub, sessionId: sid, role, epoch } as Principal;
    for (const { exportRows } of app.nestApp.get(PersonalDataRegistry).all())
      if (exportRows)
        await expectFewRead(async () => {
          for await (const batch of exportRows(manager(), principal)) expect(batch.length).toBeGreaterThan(0);
        });
  });

  it('a person who is deleted is looked for in their posts alone', async () => {
    await expectFewRead(() =>
      manager().query(`SELECT 1 FROM ONLY posts x WHERE $1::uuid OPERATOR(pg_catalog.=) author_id FOR KEY SHARE OF x`, [
        ada.id,
      ]),
    );
  });

  it('erasing a person reads what is theirs', async () => {
    const kinds = app.nestApp.get(PersonalDataRegistry).inOrderOfErasure();
    expect(kinds.map(({ name }) => name).at(-1)).toBe('mails');
    for (const { eraseBatch } of kinds)
      if (eraseBatch) await expectFewRead(() => manager().transaction((tx) => eraseBatch(tx, eve.id, 100)));
  });

  it('a reading of revocations takes in what is new', async () => {
    const { rows } = await app.pool.query<{ since: string }>('SELECT pg_current_snapshot()::text AS since');
    await expectFewRead(() => readRevocations(manager(), rows[0]?.since));
  });
});

describe('one page of many', () => {
  const pages: [string, () => Person][] = [
    ...['/auth/sessions', '/users/me/activity'].map((path): [string, () => Person] => [path, () => ada]),
    ...['/tasks', '/tasks?sort=title', '/tasks?sort=-updated_at', '/tasks?completed=false'].map(
      (path): [string, () => Person] => [path, () => ada],
    ),
    // Of all tasks, of one, of none; a short text of all. A short text of none is compared with all of the owner's.
    ...['task', 'task 4321', 'nothing', 'k'].flatMap((q) =>
      ['', '&sort=title', '&completed=false'].map((more): [string, () => Person] => [
        `/tasks?limit=20&q=${q}${more}`,
        () => ada,
      ]),
    ),
    ...['/users?q=c4ca4238', '/users?q=m', '/users?q=zz', '/users?q=mf', '/users?q=ff'].map(
      (path): [string, () => Person] => [path, () => ada],
    ),
    // Patterns without a letter, for which an index of trigrams knows nothing.
    ...['___', '%25'.repeat(50), '%5C%5C%5C', '((('].map((q): [string, () => Person] => [`/users?q=${q}`, () => ada]),
    ...[
      '',
      '?q=c4ca4238',
      '?q=example.org',
      '?sort=email',
      '?sort=username',
      '?deleting=false',
      '?q=k',
      '?q=qj',
      '?q=%F0%9F%9A%80',
      '?q=---',
      '?role=admin',
      '?role=admin&status=disabled&sort=username',
      '?q=example&role=admin',
      '?status=disabled&sort=email',
      '?confirmed=true',
      '?status=disabled',
      '?confirmed=false',
      '?deleting=true',
      '?status=disabled&confirmed=false&deleting=true',
      '?status=disabled&sort=created_at',
      '?created_to=2000-01-01&sort=email',
    ].map((query): [string, () => Person] => [`/admin/users${query}`, () => admin]),
    ...['', '?action=login.succeeded'].map((query): [string, () => Person] => [`/admin/audit${query}`, () => admin]),
  ];

  // So that ada has more than what a search looks at first.
  beforeAll(() => {
    jest.replaceProperty(NEAR, 'rows', 500);
    jest.replaceProperty(NEAR_ACCOUNTS, 'rows', 500);
    jest.replaceProperty(NEAR_PEOPLE, 'rows', 500);
  });

  afterAll(() => {
    jest.restoreAllMocks();
  });

  it.each(pages)('GET %s, and the page after it', async (path, who) => {
    await expectFewRead(async () => {
      const { status, headers } = await who().api.get(path);
      expect(status).toBe(200);
      const [, next] = /<(.+)>/.exec(headers.get('link') ?? '') ?? [];
      if (next !== undefined) expect((await who().api.get(next)).status).toBe(200);
    });
  });

  it('GET /users/{username}/followers, and the page after it', async () => {
    await expectFewRead(async () => {
      const { headers } = await admin.api.get(`/users/${ada.username}/followers?limit=20`);
      expect((await admin.api.get(/<(.+)>/.exec(headers.get('link') ?? '')?.[1] ?? '')).status).toBe(200);
    });
  });

  it('GET /users/{username}/posts', async () => {
    await expectFewRead(async () => {
      expect((await admin.api.get(`/users/${ada.username}/posts?limit=100`)).body).toHaveLength(51);
    });
  });

  it('GET /admin/stats, after the job', async () => {
    await app.nestApp.get(StatsJob).run();
    // As a minute later.
    await app.pool.query('UPDATE daily_counts SET counted_until = clock_timestamp() WHERE counted_until IS NOT NULL');
    await expectFewRead(async () => {
      expect((await admin.api.get('/admin/stats')).status).toBe(200);
    }, 2);
  });

  it('GET /auth/revocations', async () => {
    await expectFewRead(async () => {
      expect((await app.api.as(SERVICE_TOKEN).get('/auth/revocations')).status).toBe(200);
    });
  });
});
