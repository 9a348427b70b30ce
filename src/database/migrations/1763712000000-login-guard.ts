/** Counted guesses at passwords, and the addresses that accounts are used from. */
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class LoginGuard1763712000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE login_failures (
        id bytea CONSTRAINT login_failures_pkey PRIMARY KEY,
        count integer NOT NULL,
        counted_at timestamptz(3) NOT NULL,
        blocked_until timestamptz(3)
      );
      CREATE INDEX login_failures_counted_at_idx ON login_failures (counted_at);

      CREATE TABLE known_addresses (
        id bytea CONSTRAINT known_addresses_pkey PRIMARY KEY,
        account bytea NOT NULL,
        seen_at timestamptz(3) NOT NULL
      );
      CREATE INDEX known_addresses_account_idx ON known_addresses (account, seen_at);
      CREATE INDEX known_addresses_seen_at_idx ON known_addresses (seen_at);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE known_addresses, login_failures');
  }
}
