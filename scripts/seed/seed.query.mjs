/** The SQL of a development database's people. */

/** One arbitrary number for all who seed the same database. */
const LOCK = 7_263_948_150;

/** Until the end of the transaction, one at a time. @returns milliseconds, by the database's clock */
export async function lockSeeding(client) {
  await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
  const { rows } = await client.query('SELECT clock_timestamp() AS now');
  return rows[0].now.getTime();
}

export async function isSeeded(client, domain) {
  const { rowCount } = await client.query(`SELECT 1 FROM users WHERE email LIKE '%@' || $1 LIMIT 1`, [domain]);
  return rowCount === 1;
}

/** @returns undefined when there is no such account */
export async function selectHash(client, email) {
  const { rows } = await client.query('SELECT hashed_password FROM users WHERE email = $1', [email]);
  return rows[0]?.hashed_password;
}

/**
 * Leaves out whose username belongs to somebody.
 * @returns ids by e-mail
 */
export async function insertPeople(client, people, hashedPassword) {
  const { rows } = await client.query(
    `INSERT INTO users (email, username, display_name, bio, role, created_at, updated_at, email_confirmed_at, hashed_password)
     SELECT p.*, created, created, $7
       FROM unnest($1::varchar[], $2::varchar[], $3::varchar[], $4::varchar[], $5::varchar[], $6::timestamptz[])
            AS p (email, username, name, bio, role, created)
     ON CONFLICT (lower(username COLLATE "C")) DO NOTHING
     RETURNING email, id`,
    [...columns(people, ['email', 'username', 'name', 'bio', 'role']), times(people, 'createdAt'), hashedPassword],
  );
  return new Map(rows.map(({ email, id }) => [email, id]));
}

const EDGES = {
  follows: ['follower_id', 'followee_id'],
  mutes: ['user_id', 'muted_id'],
  blocks: ['blocker_id', 'blocked_id'],
};

/** @param table a key of EDGES */
export async function insertEdges(client, table, edges) {
  await client.query(
    `INSERT INTO ${table} (${EDGES[table].join(', ')}, created_at)
     SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[])`,
    [...columns(edges, ['from', 'to']), times(edges, 'createdAt')],
  );
}

/** In their order, which is that of their ids. */
export async function insertPosts(client, posts) {
  await client.query(
    `INSERT INTO posts (author_id, text, created_at, deleted_at, deleted_by)
     SELECT author, text, created, deleted, deleter
       FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::timestamptz[], $5::timestamptz[]) WITH ORDINALITY
            AS p (author, text, deleter, created, deleted, place)
      ORDER BY place`,
    [...columns(posts, ['author', 'text', 'deletedBy']), times(posts, 'createdAt'), times(posts, 'deletedAt')],
  );
}

/** As when a moderator deletes through the API. */
export async function auditDeletions(client, moderatorId) {
  await client.query(
    `INSERT INTO audit_events (at, action, actor_id, subject_id, after)
     SELECT deleted_at, 'post.deleted', deleted_by, author_id, jsonb_build_object('post', id::text)
       FROM posts WHERE deleted_by = $1 AND author_id <> $1 ORDER BY deleted_at`,
    [moderatorId],
  );
}

/** In their order, which is that of their ids. */
export async function insertTasks(client, tasks) {
  await client.query(
    `INSERT INTO tasks (user_id, title, description, completed, created_at, updated_at)
     SELECT owner, title, description, completed, created, updated
       FROM unnest($1::uuid[], $2::varchar[], $3::text[], $4::boolean[], $5::timestamptz[], $6::timestamptz[]) WITH ORDINALITY
            AS t (owner, title, description, completed, created, updated, place)
      ORDER BY place`,
    [
      ...columns(tasks, ['owner', 'title', 'description', 'completed']),
      times(tasks, 'createdAt'),
      times(tasks, 'updatedAt'),
    ],
  );
}

/** What the rows say, for those whom only this transaction knows. */
export async function countAll(client, userIds) {
  await client.query(
    `UPDATE user_stats s
        SET posts_count = coalesce(p.count, 0), followers_count = coalesce(f.count, 0), following_count = coalesce(g.count, 0)
       FROM unnest($1::uuid[]) AS u (id)
            LEFT JOIN (SELECT author_id AS id, count(*) FROM posts WHERE deleted_at IS NULL GROUP BY 1) p USING (id)
            LEFT JOIN (SELECT followee_id AS id, count(*) FROM follows GROUP BY 1) f USING (id)
            LEFT JOIN (SELECT follower_id AS id, count(*) FROM follows GROUP BY 1) g USING (id)
      WHERE s.user_id = u.id`,
    [userIds],
  );
}

/**
 * A running Roost keeps its plans, made for an empty database, until there are new statistics.
 * @param filled what was added
 */
export async function analyze(client, filled) {
  const { rows } = await client.query(
    `SELECT string_agg(quote_ident(name), ', ') AS tables
       FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NOT NULL`,
    [[...filled, 'users', 'user_stats', 'audit_events']],
  );
  await client.query(`ANALYZE ${rows[0].tables}`);
}

function columns(rows, names) {
  return names.map((name) => rows.map((row) => row[name]));
}

/** Of milliseconds. */
function times(rows, name) {
  return rows.map((row) => (row[name] === null ? null : new Date(row[name]).toISOString()));
}
