import { DataSource } from 'typeorm';

import { MIGRATIONS, migrate } from '../../src/database/migrate.js';
import { TestApp } from '../support/app.js';
import { dropDatabase, emptyDatabase } from '../support/database.js';

describe('the schema', () => {
  it('does not drift: entities and migrations say the same', async () => {
    const app = await TestApp.start();
    try {
      const { upQueries } = await app.nestApp.get(DataSource).driver.createSchemaBuilder().log();
      expect(upQueries.map(({ query }) => query)).toEqual([]);
    } finally {
      await app.stop();
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
      expect(ran.flat().sort()).toEqual(MIGRATIONS.map(({ name }) => name).sort());
    });

    it('does nothing to a database that is up to date', async () => {
      await migrate(url);
      expect(await migrate(url)).toEqual([]);
    });

    it('goes down to nothing and up again', async () => {
      await migrate(url);
      const source = new DataSource({ type: 'postgres', url, migrations: MIGRATIONS, installExtensions: false });
      await source.initialize();
      try {
        for (let left = MIGRATIONS.length; left > 0; left -= 1) await source.undoLastMigration();
        const tables = await source.query(
          `SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'migrations'`,
        );
        const functions = await source.query(`SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace`);
        expect([tables, functions]).toEqual([[], []]);
        expect(await source.runMigrations()).toHaveLength(MIGRATIONS.length);
      } finally {
        await source.destroy();
      }
    });
  });
});
