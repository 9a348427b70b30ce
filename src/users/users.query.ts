/** The SQL that TypeORM has no words for. */
import type { EntityManager } from 'typeorm';

/** @returns the new account's id; undefined when the address is taken, which leaves the transaction as it was */
export async function insertUser(
  tx: EntityManager,
  user: { email: string; username: string; hashedPassword: string },
): Promise<string | undefined> {
  const rows: { id: string }[] = await tx.query(
    `INSERT INTO users (email, username, hashed_password) VALUES ($1, $2, $3) ON CONFLICT (email) DO NOTHING RETURNING id`,
    [user.email, user.username, user.hashedPassword],
  );
  return rows[0]?.id;
}
