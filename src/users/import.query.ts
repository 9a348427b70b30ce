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

type Query = (statement: string, values: unknown[]) => Promise<{ rows: unknown[] }>;

/** Never changes an existing e-mail or username. */
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

/** Or reserved for a former owner. A repeated import finds the same hash, or a renewed one of the same age. */
const PRESENT = `
  SELECT email, email_confirmed_at IS NULL AND hashed_password IS DISTINCT FROM hash AND u.created_at <> created AS claimed
    FROM users u JOIN unnest($1::varchar[], $2::varchar[], $3::timestamptz[]) AS i (email, hash, created) USING (email)
   UNION ALL
  SELECT email, false FROM former_addresses WHERE email = ANY($1::varchar[]) AND expires_at > clock_timestamp()`;

/** A running Roost plans for the size that it knows, and keeps its plans until there are new figures. */
export async function analyzeUsers(query: Query): Promise<void> {
  await query('ANALYZE users, user_stats', []);
}

function emailsOf({ rows }: { rows: unknown[] }): Set<string> {
  return new Set((rows as { email: string }[]).map(({ email }) => email));
}
