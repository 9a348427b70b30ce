/** PostgreSQL plans a statement once for a connection, and not where a pooler changes connections. */
import { DataSource } from 'typeorm';

import { TestApp } from '../support/app.js';
import { person } from '../support/people.js';
import { HAS_PGBOUNCER, PgBouncer } from '../support/pgbouncer.js';

const withPgBouncer = HAS_PGBOUNCER ? describe : describe.skip;

/** Tasks are added and read, and a session is refreshed, by so many at once. */
async function work(app: TestApp, name: string, times: number): Promise<void> {
  const somebody = await person(app, name);
  const done = await Promise.all(
    Array.from({ length: times }, async (_, index) => {
      const { body } = await somebody.api.post('/tasks', { title: `task ${index}` });
      return (await somebody.api.get(`/tasks/${body.id}`)).status;
    }),
  );
  expect(new Set(done)).toEqual(new Set([200]));
  const refreshed = await app.api.post('/auth/refresh', { refresh_token: somebody.refresh_token });
  expect(refreshed.status).toBe(200);
}

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
    const reads = (await preparedBy(app)).filter(({ statement }) => /^SELECT .* FROM "tasks"/.test(statement));
    expect(reads).toEqual([expect.objectContaining({ uses: 8 })]);
  });

  it('leaves a page to its values, which decide what index is best', async () => {
    const bob = await person(app, 'bob');
    expect((await bob.api.get('/tasks?sort=title')).status).toBe(200);
    const pages = (await preparedBy(app)).filter(({ statement }) => statement.includes('ORDER BY title'));
    expect(pages).toEqual([]);
  });

  it('goes on when a migration changes what a statement gives', async () => {
    await app.pool.query('ALTER TABLE users ALTER COLUMN role TYPE varchar(20)');
    await work(app, 'carol', 1);
    await app.pool.query('ALTER TABLE users ALTER COLUMN role TYPE varchar(16)');
    await work(app, 'dave', 1);
  });
});

it('goes on when the server has forgotten what was prepared', async () => {
  const app = await TestApp.start({ env: { DATABASE_POOL_MAX: '1' } });
  try {
    await work(app, 'ada', 1);
    expect(await preparedBy(app)).not.toEqual([]);
    await app.nestApp.get(DataSource).query('DEALLOCATE ALL');
    await work(app, 'bob', 1);
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
