/** PostgreSQL plans a statement once for a connection, and not where a pooler changes connections. */
import pg from 'pg';
import { DataSource, type QueryRunner } from 'typeorm';

import { TestApp } from '../support/app.js';
import { person, staff } from '../support/people.js';
import { HAS_PGBOUNCER, PgBouncer } from '../support/pgbouncer.js';
import { watchQueries } from '../support/queries.js';
import { Relay } from '../support/relay.js';

const withPgBouncer = HAS_PGBOUNCER ? describe : describe.skip;

/** A profile is changed and read so many times at once, and a session is refreshed. */
async function work(app: TestApp, name: string, times: number): Promise<void> {
  const somebody = await person(app, name);
  const done = await Promise.all(
    Array.from({ length: times }, async (_, index) => {
      await somebody.api.patch('/users/me', { bio: `text ${index}` });
      return (await somebody.api.get('/auth/sessions')).status;
    }),
  );
  expect(new Set(done)).toEqual(new Set([200]));
  const refreshed = await app.api.post('/auth/refresh', { refresh_token: somebody.refresh_token });
  expect(refreshed.status).toBe(200);
}

/** In the statement that lists the sessions, and in no other. */
const LISTED = 'ORDER BY last_used_at DESC';

/** What one connection of the pool has prepared. */
function preparedBy(app: TestApp): Promise<{ statement: string; uses: number }[]> {
  return app.nestApp
    .get(DataSource)
    .query(`SELECT statement, (generic_plans + custom_plans)::int AS uses FROM pg_prepared_statements`);
}

describe('with one connection', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start({ env: { DATABASE_POOL_MAX: '1' } });
    await work(app, 'ada', 8);
  });

  afterAll(() => app.stop());

  it('prepares what comes again', async () => {
    const reads = (await preparedBy(app)).filter(({ statement }) => statement.includes(LISTED));
    expect(reads).toEqual([expect.objectContaining({ uses: 8 })]);
  });

  it.each([
    ['/admin/users?sort=email', 'ORDER BY u.email'],
    ['/tasks?sort=title', 'ORDER BY title'],
    ['/users?q=bob', 'ORDER BY lower('],
  ])('leaves a page to its values, which decide what index is best: %s', async (path, words) => {
    const admin = await staff(app, 'admin');
    const { result, statements } = await watchQueries(() => admin.api.get(path));
    expect([result.status, statements.some((statement) => statement.includes(words))]).toEqual([200, true]);
    expect((await preparedBy(app)).filter(({ statement }) => statement.includes(words))).toEqual([]);
  });

  it('goes on when a migration changes what a statement gives', async () => {
    for (const [name, length] of [
      ['carol', 20],
      ['dave', 16],
    ] as const) {
      await app.pool.query(`ALTER TABLE users ALTER COLUMN role TYPE varchar(${length})`);
      await work(app, name, 2);
    }
    const reads = (await preparedBy(app)).filter(({ statement }) => statement.includes(LISTED));
    expect(reads.map(({ uses }) => uses).sort()).toEqual([2, 2, 8]);
  });
});

/** How often each of some statements had its columns described, and what it gave. */
async function describedFor(app: TestApp): Promise<{ described: number[]; gave: unknown[] }> {
  const asked = jest.spyOn(pg.Connection.prototype as unknown as { describe: () => void }, 'describe');
  const connection = app.nestApp.get(DataSource).createQueryRunner();
  const [described, gave]: [number[], unknown[]] = [[], []];
  try {
    const { connection: wire } = (await connection.connect()) as { readonly connection: unknown };
    for (const number of [1, 2, 3])
      for (const [text, values] of [
        [`SELECT $1::int AS number, ARRAY['a', NULL] AS letters, NULL AS nothing, now() < now() AS never`, [number]],
        ['SELECT username FROM users WHERE username = $1', ['nobody']],
        ['DELETE FROM users WHERE username = $1', ['nobody']],
      ] as const) {
        asked.mockClear();
        gave.push(await connection.query(text, [...values]));
        described.push(asked.mock.contexts.filter((each) => each === wire).length);
      }
  } finally {
    asked.mockRestore();
    await connection.release();
  }
  return { described, gave };
}

const GIVEN = [1, 2, 3].flatMap((number) => [
  [{ number, letters: ['a', null], nothing: null, never: false }],
  [],
  [[], 0],
]);

it('has the columns of a statement described once for a connection', async () => {
  const app = await TestApp.start();
  try {
    expect(await describedFor(app)).toEqual({ described: [1, 1, 1, 0, 0, 0, 0, 0, 0], gave: GIVEN });
  } finally {
    await app.stop();
  }
});

it('plans anew on every connection once one of them has found a changed statement', async () => {
  const app = await TestApp.start();
  const database = app.nestApp.get(DataSource);
  const connections = [database.createQueryRunner(), database.createQueryRunner()] as const;
  try {
    const { email } = await person(app, 'ada');
    const read = (connection: QueryRunner): Promise<unknown> =>
      connection.query('SELECT size FROM users WHERE email = $1', [email]);
    await app.pool.query('ALTER TABLE users ADD COLUMN size int DEFAULT 7');
    for (const connection of [...connections, ...connections]) expect(await read(connection)).toEqual([{ size: 7 }]);
    await app.pool.query('ALTER TABLE users ALTER COLUMN size TYPE text');
    const [first, second] = connections;
    await first.startTransaction();
    await expect(read(first)).rejects.toMatchObject({ routine: 'RevalidateCachedQuery' });
    await first.rollbackTransaction();
    await second.startTransaction();
    expect(await read(second)).toEqual([{ size: '7' }]);
    await second.commitTransaction();
    for (const connection of connections) expect(await read(connection)).toEqual([{ size: '7' }]);
  } finally {
    for (const connection of connections) await connection.release();
    await app.stop();
  }
});

it('goes on without preparing when the server has forgotten what was prepared, and says so once', async () => {
  const app = await TestApp.start({ env: { DATABASE_POOL_MAX: '1' } });
  try {
    await work(app, 'ada', 1);
    expect(await preparedBy(app)).not.toEqual([]);
    await app.nestApp.get(DataSource).query('DEALLOCATE ALL');
    await work(app, 'bob', 1);
    expect(await preparedBy(app)).toEqual([]);
    expect(app.events.filter((event) => event === 'database_unprepared')).toHaveLength(1);
  } finally {
    await app.stop();
  }
});

it('prepares nothing with DATABASE_PREPARED=off', async () => {
  const app = await TestApp.start({ env: { DATABASE_POOL_MAX: '1', DATABASE_PREPARED: 'off' } });
  try {
    await work(app, 'ada', 1);
    expect(await preparedBy(app)).toEqual([]);
  } finally {
    await app.stop();
  }
});

it('prepares through a pooler with DATABASE_PREPARED=on', async () => {
  const direct = await TestApp.start();
  const pooler = await Relay.to(direct.databaseUrl);
  pooler.isPooler = true;
  const on = { DATABASE_POOL_MAX: '1', DATABASE_PREPARED: 'on' };
  const app = await TestApp.start({ sharing: direct, through: pooler, env: on });
  try {
    await work(app, 'ada', 1);
    expect(await preparedBy(app)).not.toEqual([]);
    // Each statement may come to another server.
    expect(await describedFor(app)).toEqual({ described: Array(9).fill(1), gave: GIVEN });
  } finally {
    await app.stop();
    await pooler.end();
    await direct.stop();
  }
});

withPgBouncer('through PgBouncer', () => {
  let direct: TestApp;
  let pooler: PgBouncer;

  beforeAll(async () => {
    direct = await TestApp.start();
    pooler = await PgBouncer.before(direct.databaseUrl);
  });

  afterAll(async () => {
    await pooler.stop();
    await direct.stop();
  });

  it('prepares nothing, as the next transaction may be on another connection of the server', async () => {
    const app = await TestApp.start({ sharing: direct, through: pooler });
    try {
      await work(app, 'ada', 30);
      expect(await preparedBy(app)).toEqual([]);
    } finally {
      await app.stop();
    }
  });
});
