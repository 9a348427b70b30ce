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
  /** Of these: those that an account of somebody else, as it seems, claims and never confirmed. */
  readonly claimed: ReadonlySet<string>;
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
  const left = users.filter(({ email }) => !imported.has(email));
  if (left.length === 0) return { imported, present: new Set(), claimed: new Set() };
  const present = await query(PRESENT, [
    left.map(({ email }) => email),
    left.map(({ hashedPassword }) => hashedPassword),
    left.map(({ createdAt }) => createdAt.toISOString()),
  ]);
  const claimed = (present.rows as { claimed: boolean }[]).filter((row) => row.claimed);
  return { imported, present: emailsOf(present), claimed: emailsOf({ rows: claimed }) };
}

/** Or kept for an account that had them until lately. What an import before made has the same hash, or was renewed and has the same age. */
const PRESENT = `
  SELECT email, email_confirmed_at IS NULL AND hashed_password IS DISTINCT FROM hash AND u.created_at <> created AS claimed
    FROM users u JOIN unnest($1::varchar[], $2::varchar[], $3::timestamptz[]) AS i (email, hash, created) USING (email)
   UNION ALL
  SELECT email, false FROM former_addresses WHERE email = ANY($1::varchar[]) AND expires_at > clock_timestamp()`;

function emailsOf({ rows }: { rows: unknown[] }): Set<string> {
  return new Set((rows as { email: string }[]).map(({ email }) => email));
}
