/** Known addresses end with the session that made them; an account has one way back at most, to a confirmed address. */
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddressStanding1763800010000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE known_addresses ADD COLUMN session bytea;

      DELETE FROM former_addresses f USING users u
       WHERE u.id = f.user_id AND u.email = f.email AND u.email_confirmed_at IS NULL;
      DELETE FROM former_addresses f USING former_addresses older
       WHERE older.user_id = f.user_id AND older.expires_at > now()
         AND (older.created_at, older.id) < (f.created_at, f.id);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE known_addresses DROP COLUMN session');
  }
}
