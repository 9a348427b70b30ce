import { type Sql, sql } from '../database/sql.js';
import { isKept } from './users.query.js';

export interface ImportedUser {
  readonly email: string;
  readonly username: string;
  readonly hashedPassword: string;
  readonly createdAt: Date;
  readonly emailConfirmed: boolean;
}

export interface InsertOutcome {
  readonly imported: ReadonlySet<string>;
  readonly present: ReadonlySet<string>;
  readonly claimed: ReadonlySet<string>;
}

type Query = (statement: Sql) => Promise<{ rows: unknown[] }>;

export async function insertUsers(query: Query, users: readonly ImportedUser[]): Promise<InsertOutcome> {
  const inserted = await query(
    sql`INSERT INTO users (email, username, hashed_password, created_at, updated_at, email_confirmed_at)
        SELECT email, username, hash, created, created, CASE WHEN confirmed THEN created END
          FROM ${listed(users)} WHERE NOT ${isKept(sql`u.email`)}
        ON CONFLICT DO NOTHING
        RETURNING email`,
  );
  const imported = emailsOf(inserted);
  const left = users.filter(({ email }) => !imported.has(email));
  if (left.length === 0) return { imported, present: new Set(), claimed: new Set() };
  const present = await query(
    // A repeated import finds the same hash, or a renewed one of the same age.
    sql`SELECT email, email_confirmed_at IS NULL AND hashed_password IS DISTINCT FROM hash AND created_at <> created AS claimed
          FROM users JOIN ${listed(left)} USING (email)
         UNION ALL
        SELECT email, false FROM former_addresses JOIN ${listed(left)} USING (email) WHERE expires_at > clock_timestamp()`,
  );
  const claimed = (present.rows as { claimed: boolean }[]).filter((row) => row.claimed);
  return { imported, present: emailsOf(present), claimed: emailsOf({ rows: claimed }) };
}

function listed(users: readonly ImportedUser[]): Sql {
  const rows = users.map(({ email, username, hashedPassword, createdAt, emailConfirmed }) => ({
    email,
    username,
    hash: hashedPassword,
    created: createdAt,
    confirmed: emailConfirmed,
  }));
  return sql`jsonb_to_recordset(${JSON.stringify(rows)})
             AS u (email varchar, username varchar, hash varchar, created timestamptz, confirmed boolean)`;
}

/** A running Roost plans for the size that it knows, and keeps its plans until there are new figures. */
export async function analyzeUsers(query: Query): Promise<void> {
  await query(sql`ANALYZE users, user_stats`);
}

function emailsOf({ rows }: { rows: unknown[] }): Set<string> {
  return new Set((rows as { email: string }[]).map(({ email }) => email));
}
