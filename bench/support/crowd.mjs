// @ts-check
/** A crowd that posts and follows: as many rows as a large service has, loaded in minutes. */

/** People whom everybody follows. */
const CELEBRITIES = 2;
/** On average, celebrities not counted. */
const FOLLOWS_PER_PERSON = 13.8;
/** Of posts. */
const DELETED_SHARE = 0.03;
/** Of people; every second one's ban is over. */
const DISABLED_SHARE = 0.01;
/** Of follow edges, with a mute beside them. */
const MUTED_SHARE = 0.003;
/** Posts since the last vacuum: a live table always has such, and index-only scans pay for them. */
const FRESH_SHARE = 0.005;
/** The least popular, who never post. */
const DORMANT_SHARE = 0.1;
/** Zipf–Mandelbrot: rank r has a weight of 1 / (r + FLATTENING), so that the most active author has 0.1 % of a million's posts. */
const FLATTENING = 100;
const BATCH = 250_000;

export const VIEWERS_PER_GROUP = 20;

/** @typedef {{ key: string, label: string, follows: number, from: 'popular' | 'quiet' | 'dormant', targetMs?: number }} Group */

/** @type {Group[]} */
export const GROUPS = [
  { key: '10', label: '10', follows: 10, from: 'popular', targetMs: 2 },
  { key: '200', label: '200', follows: 200, from: 'popular', targetMs: 2 },
  { key: '2000', label: '2,000', follows: 2_000, from: 'popular', targetMs: 2 },
  { key: '5000', label: '5,000', follows: 5_000, from: 'popular' },
  { key: 'quiet', label: '1,000 quiet', follows: 1_000, from: 'quiet' },
  { key: 'dormant', label: '2,000 dormant', follows: 2_000, from: 'dormant' },
];

/** @typedef {{ users: number, posts: number, onProgress: (share: number, what: string) => void }} CrowdOptions */

/**
 * Fills a migrated, empty database. Triggers and foreign keys rest meanwhile, indexes are built afterwards, counts are
 * set from the rows. The last people are viewers, VIEWERS_PER_GROUP for each of GROUPS.
 * @param {import('pg').Client} client as superuser
 * @param {CrowdOptions} options
 */
export async function loadCrowd(client, { users, posts, onProgress }) {
  const run = (/** @type {string} */ sql) => client.query(sql);
  await run(`SET session_replication_role = replica; SET work_mem = '1GB'; SET maintenance_work_mem = '1GB';
    SET synchronous_commit = off; SET max_parallel_maintenance_workers = 2; SELECT setseed(0.5)`);
  const fresh = Math.ceil(posts * FRESH_SHARE);
  // Rough weights of time, for the bar.
  const total = users * 30 + posts * 8;
  let done = 0;
  /** @type {(weight: number, what: string, work: () => Promise<unknown>) => Promise<void>} */
  const step = async (weight, what, work) => {
    onProgress(done / total, what);
    await work();
    done += weight;
  };

  /** @type {string[]} */
  const indexes = [];
  await step(0, 'people', async () => {
    // Nobody searches for people here, and a trigram index takes as long as all the rest.
    await run('DROP INDEX IF EXISTS users_found_by_staff_idx, users_short_idx');
    for (const table of ['posts', 'follows']) indexes.push(...(await dropIndexes(client, table)));
  });
  await step(users * 3, 'people', () => run(peopleSql(users)));
  const ordinary = users - GROUPS.length * VIEWERS_PER_GROUP;
  const followers = Math.ceil(BATCH / FOLLOWS_PER_PERSON);
  for (let first = 1; first <= ordinary; first += followers) {
    const last = Math.min(first + followers - 1, ordinary);
    await step((last - first + 1) * 15, 'follows', () => run(followsSql({ users, first, last })));
  }
  for (const [index, group] of GROUPS.entries()) {
    await step(0, 'viewers', () => run(viewersSql({ users, ordinary, index, group })));
  }
  const insertPosts = (/** @type {number} */ count) => run(postsSql({ users, count }));
  for (let left = posts - fresh; left > 0; left -= BATCH) {
    const count = Math.min(left, BATCH);
    await step(count * 5, 'posts', () => insertPosts(count));
  }
  for (const sql of indexes) await step((users * 10 + posts * 2) / indexes.length, 'indexes', () => run(sql));
  await step(users, 'mutes', () => run(MUTES));
  await step(users, 'vacuum', () => run('VACUUM ANALYZE'));
  await step(posts / 2, 'fresh posts', () => insertPosts(fresh));
  await step(posts / 2, 'counts', () => run(COUNTS));
  await step(0, 'vacuum', () => run('VACUUM ANALYZE user_stats'));
  await run('RESET ALL');
  onProgress(1, 'loaded');
}

/**
 * @param {import('pg').Client} client
 * @param {string} table
 * @returns {Promise<string[]>} what makes them again
 */
async function dropIndexes(client, table) {
  const { rows } = await client.query(
    `SELECT i.indexrelid::regclass AS index, pg_get_indexdef(i.indexrelid) AS definition, c.conname AS constraint,
            pg_get_constraintdef(c.oid) AS condition
       FROM pg_index i LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.contype IN ('p', 'u')
      WHERE i.indrelid = $1::regclass ORDER BY 1`,
    [table],
  );
  const again = [];
  for (const { index, definition, constraint, condition } of rows) {
    await client.query(constraint ? `ALTER TABLE ${table} DROP CONSTRAINT ${constraint}` : `DROP INDEX ${index}`);
    again.push(constraint ? `ALTER TABLE ${table} ADD CONSTRAINT ${constraint} ${condition}` : definition);
  }
  return again;
}

/**
 * The rank of somebody, the popular and active ones more often than others.
 * @param {number} people
 */
function randomRank(people) {
  return `(1 + floor(${FLATTENING} * (power(${(people + FLATTENING) / FLATTENING}::double precision, random()) - 1)))::integer`;
}

/** @param {number} users */
function peopleSql(users) {
  return `
    CREATE UNLOGGED TABLE crowd AS SELECT n, gen_random_uuid() AS id FROM generate_series(1, ${users}) n;
    ALTER TABLE crowd ADD PRIMARY KEY (n);
    ANALYZE crowd;
    INSERT INTO users (id, email, username, hashed_password, status, disabled_until)
    SELECT id, 'person' || n || '@example.com', 'person' || n, 'none',
           CASE WHEN disabled THEN 'disabled' ELSE 'active' END, CASE WHEN disabled AND n % 2 = 0 THEN now() END
      FROM crowd, LATERAL (SELECT n > ${CELEBRITIES} AND random() < ${DISABLED_SHARE} AS disabled) d;`;
}

/** @param {{ users: number, first: number, last: number }} options the people who follow */
function followsSql({ users, first, last }) {
  return `
    INSERT INTO follows (follower_id, followee_id, created_at)
    SELECT follower.id, followee.id, now() - random() * interval '400 days'
      FROM (SELECT DISTINCT n, target
              FROM (SELECT n, ceil(-ln(1 - random()) * ${FOLLOWS_PER_PERSON})::integer AS count
                      FROM generate_series(${first}, ${last}) n) f,
                   LATERAL (SELECT CASE WHEN i <= ${CELEBRITIES} THEN i ELSE ${randomRank(users)} END AS target
                              FROM generate_series(1, ${CELEBRITIES} + count) i) t) e
      JOIN crowd follower USING (n) JOIN crowd followee ON followee.n = e.target
     WHERE e.n <> e.target;`;
}

/** @param {{ users: number, ordinary: number, index: number, group: Group }} options */
function viewersSql({ users, ordinary, index, group: { follows, from } }) {
  const active = Math.floor(users * (1 - DORMANT_SHARE));
  const half = Math.floor(users / 2);
  const rank = {
    popular: randomRank(users),
    quiet: `(${half} + floor(random() * ${active - half}))::integer`,
    dormant: `(${active} + 1 + floor(random() * ${ordinary - active}))::integer`,
  }[from];
  const first = ordinary + index * VIEWERS_PER_GROUP + 1;
  // The sum that adds nothing has each viewer draw for themselves: otherwise all of a group follow the same people.
  return `
    INSERT INTO follows (follower_id, followee_id, created_at)
    SELECT viewer.id, followee.id, now() - i * interval '1 hour'
      FROM (SELECT n, target, min(i) AS i, row_number() OVER (PARTITION BY n ORDER BY min(i)) AS place
              FROM generate_series(${first}, ${first + VIEWERS_PER_GROUP - 1}) n, generate_series(1, ${follows * 5}) i,
                   LATERAL (SELECT ${rank} + 0 * (n + i) AS target) t
             WHERE target <= ${ordinary}
             GROUP BY n, target) e
      JOIN crowd viewer USING (n) JOIN crowd followee ON followee.n = e.target
     WHERE place <= ${follows};`;
}

/** @param {{ users: number, count: number }} options */
function postsSql({ users, count }) {
  const authors = Math.floor(users * (1 - DORMANT_SHARE));
  return `
    INSERT INTO posts (author_id, text, deleted_at)
    SELECT author.id, left(repeat(md5(random()::text), 7), 20 + (random() * 180)::integer),
           CASE WHEN random() < ${DELETED_SHARE} THEN now() END
      FROM (SELECT i, least(${randomRank(authors)}, ${authors}) AS n FROM generate_series(1, ${count}) i) p
      JOIN crowd author USING (n)
     -- Otherwise a plan of the join may have the posts come in the order of their authors.
     ORDER BY i;`;
}

const MUTES = `
  INSERT INTO mutes (user_id, muted_id)
  SELECT follower_id, followee_id FROM follows WHERE random() < ${MUTED_SHARE};`;

const COUNTS = `
  INSERT INTO user_stats (user_id, posts_count, followers_count, following_count)
  SELECT id, coalesce(p.count, 0), coalesce(i.count, 0), coalesce(o.count, 0)
    FROM users u
    LEFT JOIN (SELECT author_id AS id, count(*) FROM posts WHERE deleted_at IS NULL GROUP BY 1) p USING (id)
    LEFT JOIN (SELECT followee_id AS id, count(*) FROM follows GROUP BY 1) i USING (id)
    LEFT JOIN (SELECT follower_id AS id, count(*) FROM follows GROUP BY 1) o USING (id);`;
