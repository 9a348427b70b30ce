import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import pg from 'pg';
import { DataSource } from 'typeorm';

import { keepAuditPartitions } from '../../src/database/schema/audit-partitions.js';
import { LOOKOUT } from '../../src/database/lookout.js';
import { findMigrations, migrate } from '../../src/database/schema/migrate.js';
import { cloneTemplate, dropDatabase, emptyDatabase, endPool, execute, someoneWaits } from '../support/database.js';
import { eventually } from '../support/process.js';
import { textOf } from '../support/queries.js';
import { Relay } from '../support/relay.js';

/** Functions of modules that were removed: migrations make and drop them. */
const REMOVED = join('database', 'migrations');

describe('the schema', () => {
  let migrations: Awaited<ReturnType<typeof findMigrations>>;

  beforeAll(async () => {
    migrations = await findMigrations();
  });

  it('has each function as its file says', async () => {
    const folder = join(__dirname, '../../src');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
      (name) => name.endsWith('.sql') && !name.startsWith(REMOVED),
    );
    const url = await cloneTemplate();
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      const functions = async (): Promise<{ name: string; definition: string }[]> => {
        const { rows } = await client.query(
          `SELECT proname AS name, pg_get_functiondef(oid) AS definition FROM pg_proc p
            WHERE pronamespace = 'public'::regnamespace
              AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e') ORDER BY proname`,
        );
        return rows;
      };
      const migrated = await functions();
      expect(migrated.map(({ name }) => name)).toEqual(files.map((name) => basename(name, '.sql')).sort());
      for (const name of files) await client.query(readFileSync(join(folder, name), 'utf8'));
      expect(await functions()).toEqual(migrated);
    } finally {
      await client.end();
      await dropDatabase(url);
    }
  });

  describe('migrating', () => {
    let url: string;

    beforeEach(async () => {
      url = await emptyDatabase();
    });

    afterEach(() => dropDatabase(url));

    it('runs each migration once when many instances start together', async () => {
      const ran = await Promise.all(Array.from({ length: 5 }, () => migrate(url)));
      expect(ran.flat().sort()).toEqual(migrations.map(({ name }) => name).sort());
    });

    it('is whole or not at all: what fails leaves nothing behind', async () => {
      await execute(url, 'CREATE TABLE idempotency_keys (id integer)');
      await expect(migrate(url)).rejects.toThrow('idempotency_keys');
      await execute(url, 'DROP TABLE idempotency_keys');
      expect(await migrate(url)).toHaveLength(migrations.length);
    });

    it('waits for an instance that migrates, and says so', async () => {
      const other = new pg.Client({ connectionString: url });
      await other.connect();
      await other.query('BEGIN; SELECT pg_advisory_xact_lock(7263948115)');
      let waiting: Promise<void> | undefined;
      const onWait = (): void => {
        waiting = other.end();
      };
      expect(await migrate(url, { onWait })).toHaveLength(migrations.length);
      expect(waiting).toBeDefined();
    });

    it('asks again and again for a table that somebody holds, so that nobody waits behind it for long', async () => {
      await migrate(url);
      const holder = new pg.Client({ connectionString: url });
      await holder.connect();
      await holder.query('BEGIN; LOCK TABLE migrations IN ACCESS EXCLUSIVE MODE');
      const waits: Promise<void>[] = [];
      expect(await migrate(url, { onWait: () => waits.push(holder.end()) })).toEqual([]);
      expect(waits).toHaveLength(1);
    });

    it('leaves the indexes to the instance that builds them: two would wait for each other', async () => {
      await migrate(url);
      const builder = new pg.Client({ connectionString: url });
      await builder.connect();
      try {
        await builder.query('DROP INDEX users_disabled_created_idx; SELECT pg_advisory_lock(7263948118)');
        const isThere = async (): Promise<boolean> => {
          const faults: string[] = [];
          await migrate(url, { onFault: (event) => faults.push(event) });
          expect(faults).toEqual([]);
          return (
            (await builder.query(`SELECT WHERE to_regclass('users_disabled_created_idx') IS NOT NULL`)).rowCount === 1
          );
        };
        expect(await isThere()).toBe(false);
        await builder.query('SELECT pg_advisory_unlock_all()');
        expect(await isThere()).toBe(true);
      } finally {
        await builder.end();
      }
    });

    describe('over a connection that falls silent', () => {
      let relay: Relay;
      let holder: pg.Client;
      let pool: pg.Pool;

      beforeEach(async () => {
        pool = new pg.Pool({ connectionString: url, max: 1 });
        for (const [name, value] of Object.entries({ every: 1_000, connect: 1_000, answer: 1_000 }))
          jest.replaceProperty(LOOKOUT, name as keyof typeof LOOKOUT, value);
        relay = await Relay.to(url);
        holder = new pg.Client({ connectionString: url });
        await holder.connect();
      });

      afterEach(async () => {
        jest.restoreAllMocks();
        await holder.end();
        await endPool(pool);
        await relay.end();
      });

      const whenWaitedFor = (): Promise<void> => eventually(() => someoneWaits(pool));

      it.each(['strand', 'freeze'] as const)('ends with a sentence (%s), and is whole the next time', async (how) => {
        await holder.query('BEGIN; CREATE TABLE migrations ()');
        const migrating = expect(migrate(relay.url)).rejects.toThrow('fell silent');
        await whenWaitedFor();
        relay[how]();
        await holder.query('ROLLBACK');
        await migrating;
        await relay.end();
        expect(await migrate(url)).toHaveLength(migrations.length);
      });

      it('is left alone while the server is at work, however long', async () => {
        // A busy machine may look late, and is not silent.
        for (const name of ['connect', 'answer'] as const) jest.replaceProperty(LOOKOUT, name, 60_000);
        await holder.query('BEGIN; CREATE TABLE migrations ()');
        const queries = jest.spyOn(pg.Client.prototype, 'query');
        const looks = (): number =>
          queries.mock.calls.filter(([query]) => textOf(query).includes('WHERE pid = $1')).length;
        const migrating = migrate(relay.url);
        await Promise.race([eventually(() => looks() > 1), migrating]);
        await holder.query('ROLLBACK');
        expect(await migrating).toHaveLength(migrations.length);
      });

      it('goes on without an index that was being built', async () => {
        await migrate(url);
        await execute(url, 'DROP INDEX users_found_by_staff_idx');
        await holder.query('BEGIN; LOCK TABLE users IN ROW EXCLUSIVE MODE');
        const faults: string[] = [];
        const migrating = migrate(relay.url, { onFault: (event) => faults.push(event) });
        await whenWaitedFor();
        relay.strand();
        await holder.query('ROLLBACK');
        expect(await migrating).toEqual([]);
        expect(faults).toContain('search_unindexed');
      });
    });

    it('starts while somebody holds the audit, whose partitions are then made later', async () => {
      await migrate(url);
      await execute(
        url,
        `DO $$ DECLARE name text; BEGIN
           FOR name IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'audit_events'::regclass
                        AND inhrelid::regclass::text <> 'audit_events_default' LOOP EXECUTE 'DROP TABLE ' || name; END LOOP;
         END $$`,
      );
      const backup = new pg.Client({ connectionString: url });
      await backup.connect();
      await backup.query('BEGIN; LOCK TABLE audit_events IN ACCESS SHARE MODE');
      const faults: string[] = [];
      try {
        await migrate(url, { onFault: (event) => faults.push(event) });
        expect(faults).toEqual(['audit_partitions_unkept']);
      } finally {
        await backup.end();
      }
      expect((await keepAuditPartitions(url)).made).toHaveLength(4);
    });

    it('builds an index of searches that was left half built, and one that is missing', async () => {
      await migrate(url);
      await execute(
        url,
        `DROP INDEX users_found_by_staff_idx;
         INSERT INTO users (email, username, hashed_password) VALUES ('ada@example.org', 'ada', '!'), ('bob@example.org', 'bob', '!')`,
      );
      const half = execute(url, 'CREATE UNIQUE INDEX CONCURRENTLY users_found_by_staff_idx ON users (role)');
      await expect(half).rejects.toThrow('could not create unique index');
      const isValid = async (): Promise<unknown> => {
        const client = new pg.Client({ connectionString: url });
        await client.connect();
        const { rows } = await client.query(
          `SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('users_found_by_staff_idx')`,
        );
        await client.end();
        return rows;
      };
      await migrate(url);
      expect(await isValid()).toEqual([{ indisvalid: true }]);
      await execute(url, 'DROP INDEX users_found_by_staff_idx');
      await migrate(url);
      expect(await isValid()).toEqual([{ indisvalid: true }]);
    });

    it('says so where the locale knows ASCII letters only', async () => {
      const faults: string[] = [];
      await migrate(url, { onFault: (event) => faults.push(event) });
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      const { rows } = await client.query('SELECT datctype FROM pg_database WHERE datname = current_database()');
      await client.end();
      expect(faults).toEqual(rows[0].datctype === 'C' ? ['search_unindexed'] : []);
    });

    describe('a database from before the baselines', () => {
      const baselines = { count: 6, last: 1763830005000 };
      const before = (names: number): Promise<void> =>
        execute(
          url,
          `DELETE FROM migrations WHERE timestamp <= ${baselines.last};
           INSERT INTO migrations (timestamp, name)
           SELECT 1763820000000 - n, CASE n WHEN 0 THEN 'DecoyIndex1763820000000' ELSE 'Earlier' || n END
             FROM generate_series(${18 - names}, 17) n`,
        );

      beforeEach(() => migrate(url));

      it('goes on as it is, and is asked once', async () => {
        await execute(url, `INSERT INTO users (email, username, hashed_password) VALUES ('a@example.org', 'ada', '!')`);
        await before(18);
        expect(await migrate(url)).toHaveLength(baselines.count);
        expect(await migrate(url)).toEqual([]);
      });

      it('is refused and left alone while it has some of the earlier migrations only', async () => {
        await before(17);
        await expect(migrate(url)).rejects.toThrow('DecoyIndex1763820000000');
        await before(18);
        expect(await migrate(url)).toHaveLength(baselines.count);
      });
    });

    it('does nothing to a database that is up to date', async () => {
      await migrate(url);
      expect(await migrate(url)).toEqual([]);
    });

    it('goes down to nothing and up again, and leaves the extension that was there before', async () => {
      await execute(url, 'CREATE EXTENSION pg_trgm');
      await migrate(url);
      const source = new DataSource({ type: 'postgres', url, migrations, installExtensions: false });
      await source.initialize();
      try {
        for (let left = migrations.length; left > 0; left -= 1) await source.undoLastMigration();
        const tables = await source.query(
          `SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'migrations'`,
        );
        const functions = await source.query(
          `SELECT proname FROM pg_proc p WHERE pronamespace = 'public'::regnamespace
              AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')`,
        );
        const extensions = await source.query(`SELECT FROM pg_extension WHERE extname = 'pg_trgm'`);
        expect([tables, functions, extensions]).toEqual([[], [], [{}]]);
        expect(await source.runMigrations()).toHaveLength(migrations.length);
      } finally {
        await source.destroy();
      }
    });
  });
});
