/** The SQL of imported users. */
import { isKept } from './users.query.js';

export interface ImportedUser {
  /** In canonical form. */
  readonly email: string;
  readonly username: string;
  readonly hashedPassword: string;
  readonly createdAt: Date;
  readonly emailConfirmed: boolean;
}

export interface InsertOutcome {
  readonly imported: ReadonlySet<string>;
  /** E-mail addresses that have an account already. */
  readonly present: ReadonlySet<string>;
}

type Query = (statement: string, values: unknown[]) => Promise<{ rows: unknown[] }>;

/** Inserts what meets nobody; neither an e-mail nor a username that is there is touched. */
export async function insertUsers(query: Query, users: readonly ImportedUser[]): Promise<InsertOutcome> {
  const emails = users.map(({ email }) => email);
  const inserted = await query(
    `INSERT INTO users (email, username, hashed_password, created_at, updated_at, email_confirmed_at)
     SELECT email, username, hash, created, created, CASE WHEN confirmed THEN created END
       FROM unnest($1::varchar[], $2::varchar[], $3::varchar[], $4::timestamptz[], $5::boolean[])
            AS u (email, username, hash, created, confirmed)
      WHERE NOT ${isKept('u.email', { user: 'NULL', now: 'clock_timestamp()' })}
     ON CONFLICT DO NOTHING
     RETURNING email`,
    [
      emails,
      users.map(({ username }) => username),
      users.map(({ hashedPassword }) => hashedPassword),
      users.map(({ createdAt }) => createdAt.toISOString()),
      users.map(({ emailConfirmed }) => emailConfirmed),
    ],
  );
  const imported = emailsOf(inserted);
  const left = emails.filter((email) => !imported.has(email));
  const present = left.length === 0 ? new Set<string>() : emailsOf(await query(PRESENT, [left]));
  return { imported, present };
}

/** Or kept for an account that had them until lately. */
const PRESENT = `
  SELECT email FROM users WHERE email = ANY($1::varchar[])
   UNION SELECT email FROM former_addresses WHERE email = ANY($1::varchar[]) AND expires_at > clock_timestamp()`;

function emailsOf({ rows }: { rows: unknown[] }): Set<string> {
  return new Set((rows as { email: string }[]).map(({ email }) => email));
}
