/** A role that serves, and has fewer rights than the one that owns the tables. */
import pg from 'pg';

import { neededRights } from '../../src/database/schema/rights.js';
import { Api } from '../support/api.js';
import { cloneTemplate, dropDatabase, emptyDatabase } from '../support/database.js';
import { PASSWORD } from '../support/people.js';
import { RoostFolder } from '../support/process.js';

const ROLE = `app_${process.pid}`;

/** What each noun lets a person make and delete. */
const WRITES: [path: string, body: object][] = [
  ['/auth/tokens', { name: 'with few rights', scopes: ['profile:read'], expires_in_days: 1 }],
  ['/posts', { text: 'with few rights' }],
  ['/tasks', { title: 'with few rights' }],
];

describe('a role with fewer rights', () => {
  let folder: RoostFolder;
  let url: string;
  let owner: pg.Client;

  beforeAll(async () => {
    folder = new RoostFolder();
    url = await cloneTemplate();
    owner = new pg.Client({ connectionString: url });
    await owner.connect();
    await owner.query(`CREATE ROLE "${ROLE}" LOGIN PASSWORD 'of-the-tests'`);
  });

  afterAll(async () => {
    await folder.remove();
    await owner.query(`DROP OWNED BY "${ROLE}"; DROP ROLE "${ROLE}"`);
    await owner.end();
    await dropDatabase(url);
  });

  const asRole = (database: string): string => {
    const other = new URL(database);
    [other.username, other.password] = [ROLE, 'of-the-tests'];
    return other.href;
  };

  /** @returns the statements that it was told to run */
  const refusal = async (env: Record<string, string>): Promise<string[]> => {
    const roost = folder.start(env);
    expect(await roost.exit()).toBe(1);
    expect(roost.output).toMatch(/^Roost could not start\.\n\nThe role \S+ of DATABASE_URL /m);
    expect(roost.output).not.toMatch(/\n\s+at |of-the-tests/);
    return roost.output.match(/^GRANT .+;$/gm) ?? [];
  };

  it('is told at start what it lacks, and serves with exactly that [V13.2.2]', async () => {
    await owner.query('CREATE TABLE public.of_another_program ()');
    const env = { DATABASE_URL: asRole(url), DATABASE_DIRECT_URL: url };
    const grants = await refusal(env);
    expect(grants).toHaveLength(Object.keys(neededRights()).length);
    await owner.query(grants.join('\n'));
    await owner.query(`REVOKE UPDATE, DELETE ON public.sessions FROM "${ROLE}"`);
    expect(await refusal(env)).toEqual([`GRANT UPDATE, DELETE ON public.sessions TO ${ROLE};`]);
    await owner.query(grants.join('\n'));

    const roost = folder.start(env);
    const api = new Api(await roost.ready());
    const ada = { email: 'ada@example.org', username: 'ada', password: PASSWORD };
    expect((await api.post('/auth/register', ada)).status).toBe(201);
    const { body } = await api.post('/auth/login', { email: ada.email, password: PASSWORD });
    const asAda = api.as(body.access_token);
    for (const [path, body] of WRITES) {
      const made = await asAda.post(path, body);
      expect([path, made.status]).toEqual([path, 201]);
      expect((await asAda.delete(`${path}/${made.body.id}`)).status).toBeLessThan(300);
    }
    expect((await api.get('/health/ready')).status).toBe(200);
    expect(await roost.stop()).toBe(0);
    await owner.query('DROP TABLE public.of_another_program');
  });

  it('is told when it may not make the tables, and what lets it', async () => {
    const empty = await emptyDatabase();
    const grants = await refusal({ DATABASE_URL: asRole(empty) });
    expect(grants).toEqual([`GRANT USAGE, CREATE ON SCHEMA public TO ${ROLE};`]);
    await dropDatabase(empty);
  });

  it('is asked about every table, and every sequence that an insert uses', async () => {
    const { rows } = await owner.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND NOT relispartition AND relname !~ '^migrations' AND (relkind IN ('r', 'p')
           OR relkind = 'S' AND EXISTS (SELECT FROM pg_depend d WHERE d.objid = pg_class.oid AND d.deptype = 'a'))`,
    );
    expect(Object.keys(neededRights()).sort()).toEqual(rows.map(({ name }) => name).sort());
  });
});
