// @ts-check
/** The tables that grow, and what Roost asks of each: the statements are those of the build. */
import { fromBuild } from './roost.mjs';

/** As TypeORM's: the rows, or for what changes them the rows and their count. */
/** @typedef {{ query: (text: string, values?: unknown[]) => Promise<any> }} Db */
/** `prepare` is not measured; what changes rows is rolled back. */
/** From `least` rows on it does all that it does at any size: below, there are fewer rows than it looks at, or they share pages. */
/** @typedef {{ name: string, least?: number, ask: (db: Db) => Promise<unknown>, changes?: boolean, prepare?: (db: Db) => Promise<unknown> }} Asked */
/** @typedef {{ table: string, isSearched?: boolean, load: (rows: number) => string, asked: Asked[], prepare?: (db: Db) => Promise<unknown> }} Growing */

const ADA = '00000000-0000-4000-8000-00000000000a';
const NOBODY = '00000000-0000-4000-8000-00000000000f';
/** What belongs to the person who asks: the same at each size. */
const OWN = 1_000;
const FOLLOWED = 100;
const PAGE = 21;
/** With so many rows, those of a person are each on a page of its own, and a search has enough to look at first. */
const SPREAD = 100_000;
/** Dead rows of a clean-up's batch, and rows of an erasure's. */
const BATCH = 200;
/** Created on this day, of which some since the job counted. */
const TODAY = 100;

/** A person's id by number. @param {string} number an expression */
const idOf = (number) => `md5('p' || ${number})::uuid`;
/** Evenly over three years; the last ones are of today. @param {number} rows @param {string} [number] */
const createdAt = (rows, number = 'n') =>
  `CASE WHEN ${number} > ${rows - TODAY} THEN now() - (${rows} - ${number}) * interval '1 s'
        ELSE now() - interval '40 days' - (${rows} - ${number}) * interval '1 s' * (94e6 / ${rows}) END`;

/** @param {string} path */
const from = (path) => /** @type {Promise<any>} */ (fromBuild(path));

const tasks = await from('tasks/tasks.query.js');
const feed = await from('timeline/posts/feed.query.js');
const posts = await from('timeline/posts/posts.query.js');
const people = await from('timeline/people/people.query.js');
const follows = await from('timeline/people/follows.query.js');
const users = await from('users/users.query.js');
const audit = await from('audit/audit.query.js');
const sessions = await from('auth/sessions/sessions.query.js');
const revocations = await from('auth/revocations/revocations.query.js');
const outbox = await from('mail/outbox.query.js');
const stats = await from('admin/stats.query.js');
const erasure = await from('account/erasure.query.js');
const guesses = await from('auth/login-guard/login-guard.query.js');
const addresses = await from('auth/login-guard/known-addresses.query.js');
const tokens = await from('auth/mailed-tokens/mailed-tokens.query.js');
const formers = await from('auth/emails/former-addresses.query.js');
const { deleteBatch } = await from('database/sql.js');

/** @param {object} [given] */
const taskPage = (given) => {
  const page = { ownerId: ADA, completed: undefined, q: undefined, sort: '-created_at', after: undefined, limit: PAGE };
  return (/** @type {Db} */ db) => tasks.selectTaskPage(db, { ...page, ...given });
};

/** @param {object} filter @param {string} [sort] */
const userPage = (filter, sort = '-created_at') => {
  return (/** @type {Db} */ db) => users.selectUserPage(db, filter, { sort, after: undefined, limit: PAGE });
};

/** @param {object} filter */
const auditPage = (filter) => (/** @type {Db} */ db) =>
  audit.selectAuditPage(db, filter, { after: undefined, limit: PAGE });

/** @param {string} list */
const peoplePage = (list) => (/** @type {Db} */ db) =>
  people.selectPeople(db, list, { ofId: ADA, viewerId: NOBODY, isStaff: false, after: undefined, limit: PAGE });

/** With a batch to do, and right after it, with nothing. @param {any} dead @returns {Asked[]} */
const cleaned = (dead, name = dead.table) => {
  const clean = (/** @type {Db} */ db) => deleteBatch(db, { ...dead, skipLocked: true }, BATCH);
  return [
    { name: `clean-up of ${name}`, changes: true, ask: clean },
    { name: `clean-up of ${name}, nothing to do`, changes: true, prepare: clean, ask: clean },
  ];
};

let since = '';

/** As the job does, before anybody looks. @param {Db} db */
const countAll = async (db) => {
  await stats.keepDays(db);
  await stats.keepAccounts(db);
};

/** @type {Asked} */
const look = { name: 'look at the statistics', ask: (db) => stats.selectStats(db) };

/** @type {readonly Growing[]} */
export const GROWING = [
  {
    table: 'users',
    isSearched: true,
    load: (rows) => `
      INSERT INTO users (id, email, username, display_name, hashed_password, created_at, role, status)
      SELECT ${idOf('n')}, 'm' || n || '@example.org', 'm__' || n, 'name ' || left(md5(n::text), 6), 'x', ${createdAt(rows)},
             CASE WHEN n % (${rows} / 4) = 1 THEN 'admin' ELSE 'user' END,
             CASE WHEN n <= ${rows} / 20 THEN 'disabled' ELSE 'active' END
        FROM generate_series(1, ${rows}) n;
      INSERT INTO users (id, email, username, hashed_password) VALUES ('${ADA}', 'ada@example.org', 'ada_lovelace', 'x');`,
    prepare: countAll,
    asked: [
      { name: 'account by address', ask: (db) => users.selectAccount(db, { email: 'm7@example.org' }) },
      { name: 'admin: accounts', ask: userPage({}) },
      { name: 'admin: accounts by address', ask: userPage({}, 'email') },
      { name: 'admin: admins', ask: userPage({ role: 'admin' }) },
      { name: 'admin: disabled accounts, the oldest ones', ask: userPage({ status: 'disabled' }) },
      { name: 'admin: search, one found', least: SPREAD, ask: userPage({ q: 'ada_love' }) },
      { name: 'admin: search, all found', ask: userPage({ q: 'example.org' }) },
      { name: 'admin: search, none found', least: SPREAD, ask: userPage({ q: 'qqjjzz' }) },
      { name: 'admin: search for two letters', least: SPREAD, ask: userPage({ q: 'qj' }) },
      {
        name: 'people: search',
        least: SPREAD,
        ask: (db) =>
          people.searchPeople(db, 'ada_love', { viewerId: NOBODY, isStaff: false, after: undefined, limit: PAGE }),
      },
      { name: 'erasure: nobody is due', changes: true, ask: (db) => erasure.closeDueAccount(db, []) },
      look,
    ],
  },
  {
    table: 'tasks',
    isSearched: true,
    load: (rows) => `
      INSERT INTO tasks (user_id, title, completed, created_at, updated_at)
      SELECT CASE WHEN n % (${rows} / ${OWN}) = 0 THEN '${ADA}' ELSE ${idOf(`n % (${rows} / 10)`)} END, 'task ' || left(md5(n::text), 8), n % 3 = 0, at, at
        FROM generate_series(1, ${rows}) n, LATERAL (SELECT ${createdAt(rows)} AS at) a;
      UPDATE tasks SET title = 'buy oranges' WHERE id = (SELECT min(id) FROM tasks WHERE user_id = '${ADA}');`,
    prepare: countAll,
    asked: [
      { name: 'tasks', ask: taskPage() },
      { name: 'tasks by title', ask: taskPage({ sort: 'title' }) },
      { name: 'tasks by change', ask: taskPage({ sort: '-updated_at' }) },
      { name: 'open tasks', ask: taskPage({ completed: false }) },
      { name: 'a task', ask: (db) => tasks.selectTask(db, 100) },
      { name: 'tasks: search, all found', ask: taskPage({ q: 'task' }) },
      { name: 'tasks: search, one found', least: SPREAD, ask: taskPage({ q: 'orange' }) },
      { name: 'tasks: search, none found', least: SPREAD, ask: taskPage({ q: 'qqjjzz' }) },
      { name: 'tasks: search for two letters', least: SPREAD, ask: taskPage({ q: 'qj' }) },
      { name: 'erasure of tasks', least: SPREAD, changes: true, ask: (db) => tasks.deleteTasks(db, ADA, BATCH) },
      look,
    ],
  },
  {
    table: 'posts',
    load: (rows) => `
      INSERT INTO posts (author_id, text, created_at)
      SELECT CASE WHEN n % (${rows} / ${OWN / 2}) = 0 THEN '${ADA}' WHEN n % (${rows} / ${OWN}) = 0 THEN ${idOf(`n / (${rows} / ${OWN}) % ${FOLLOWED}`)}
                  ELSE ${idOf(`1000 + n % (${rows} / 10)`)} END, 'post ' || n, ${createdAt(rows)}
        FROM generate_series(1, ${rows}) n;
      INSERT INTO users (id, email, username, hashed_password)
      SELECT ${idOf('n')}, 'm_' || n, 'm__' || n, 'x' FROM generate_series(0, ${FOLLOWED - 1}) n;
      INSERT INTO users (id, email, username, hashed_password) VALUES ('${ADA}', 'ada', 'ada', 'x');
      INSERT INTO follows (follower_id, followee_id) SELECT '${ADA}', ${idOf('n')} FROM generate_series(0, ${FOLLOWED - 1}) n;
      INSERT INTO user_stats (user_id, following_count) VALUES ('${ADA}', ${FOLLOWED});`,
    prepare: countAll,
    asked: [
      {
        name: 'home timeline',
        ask: (db) => feed.selectTimelinePage(db, { viewerId: ADA, before: undefined, limit: PAGE }),
      },
      {
        name: 'posts of a person',
        ask: (db) => posts.selectPostsOf(db, { authorId: ADA, before: undefined, limit: PAGE }),
      },
      { name: 'a post', ask: (db) => posts.selectAnyPost(db, '100') },
      { name: 'erasure of posts', least: SPREAD, changes: true, ask: (db) => posts.erasePosts(db, ADA, BATCH) },
      look,
    ],
  },
  {
    table: 'follows',
    load: (rows) => `
      INSERT INTO users (id, email, username, hashed_password)
      SELECT ${idOf('n')}, 'm_' || n, 'm__' || n, 'x' FROM generate_series(1, ${OWN / 2}) n;
      INSERT INTO follows (follower_id, followee_id, created_at)
      SELECT CASE WHEN n <= ${OWN / 2} THEN '${ADA}' WHEN n <= ${OWN} THEN ${idOf(`(n - ${OWN / 2})`)} ELSE ${idOf('n')} END,
             CASE WHEN n <= ${OWN / 2} THEN ${idOf('n')} WHEN n <= ${OWN} THEN '${ADA}' ELSE ${idOf('(n + 1)')} END, ${createdAt(rows)}
        FROM generate_series(1, ${rows}) n;`,
    prepare: countAll,
    asked: [
      { name: 'followers', ask: peoplePage('followers') },
      { name: 'following', ask: peoplePage('following') },
      { name: 'erasure of follows', least: SPREAD, changes: true, ask: (db) => follows.eraseFollows(db, ADA, BATCH) },
      look,
    ],
  },
  {
    table: 'sessions',
    load: (rows) => `
      INSERT INTO sessions (id, user_id, seq, salt, rotated_at, created_at, last_used_at, expires_at)
      SELECT md5('s' || n)::uuid, CASE WHEN n % (${rows} / 20) = 0 THEN '${ADA}' ELSE ${idOf('n')} END, 0, '\\x00', now(), now(), now(),
             now() + CASE WHEN n <= ${BATCH} THEN '-3 days' ELSE '30 days' END::interval
        FROM generate_series(1, ${rows}) n;`,
    asked: [
      { name: 'sessions of a person', ask: (db) => sessions.selectLiveSessions(db, ADA) },
      { name: 'is a session live', ask: (db) => sessions.isSessionLive(db, ADA) },
      {
        name: 'erasure of sessions',
        least: SPREAD,
        changes: true,
        ask: (db) => sessions.deleteSessions(db, ADA, BATCH),
      },
      ...cleaned(sessions.DEAD_SESSIONS),
    ],
  },
  {
    table: 'revocations',
    load: (rows) => `
      INSERT INTO revocations (session_id, created_at)
      SELECT md5('s' || n)::uuid, now() - CASE WHEN n <= ${BATCH} THEN interval '26 hours' ELSE interval '24 hours' * (1 - n / ${rows}.0) END
        FROM generate_series(1, ${rows}) n;`,
    asked: [
      {
        name: 'poll of revocations',
        prepare: async (db) => {
          [{ since }] = await db.query('SELECT pg_current_snapshot()::text AS since');
        },
        ask: (db) => revocations.readRevocations(db, since),
      },
      { name: 'page of the feed', ask: (db) => revocations.selectFeedPage(db, { limit: PAGE }) },
      ...cleaned(revocations.DEAD_REVOCATIONS),
    ],
  },
  {
    table: 'mails',
    load: (rows) => `
      INSERT INTO mails (id, kind, address_key, recipient, user_id, created_at, sent_at, next_attempt_at)
      SELECT md5('m' || n)::uuid, 'password_reset', decode(md5('a' || n), 'hex'), CASE WHEN n % 10 > 0 THEN 'm' || n END,
             CASE WHEN n % (${rows} / 100) = 0 THEN '${ADA}' ELSE ${idOf('n')} END,
             now() - CASE WHEN n <= 10 * ${BATCH} AND n % 10 = 1 THEN interval '40 days' WHEN n <= 10 * ${BATCH} AND n % 10 = 0 THEN interval '2 days'
                          WHEN n % 10 = 0 THEN interval '20 hours' * n / ${rows} ELSE interval '28 days' * n / ${rows} END,
             CASE WHEN n % 10 < 5 THEN now() END, CASE WHEN n % 10 >= 5 THEN now() + interval '1 hour' END
        FROM generate_series(1, ${rows}) n;`,
    asked: [
      {
        name: 'poll of the outbox',
        changes: true,
        ask: (db) => outbox.takeDueMails(db, { limit: 10, leaseMs: 60_000, oldMs: 60_000 }),
      },
      { name: 'erasure of mails', least: SPREAD, changes: true, ask: (db) => outbox.eraseMails(db, ADA, BATCH) },
      ...cleaned(outbox.DEAD_MAILS),
      ...cleaned(outbox.DEAD_DECOYS, 'decoys'),
    ],
  },
  {
    table: 'audit_events',
    load: (rows) => `
      INSERT INTO audit_events (at, action, actor_id, subject_id)
      SELECT now() - interval '89 days' * (1 - n / ${rows}.0), CASE WHEN n % (${rows} / 100) = 1 THEN 'user.disabled' ELSE 'login.succeeded' END, id, id
        FROM generate_series(1, ${rows}) n, LATERAL (SELECT CASE WHEN n % (${rows} / 100) = 0 THEN '${ADA}' ELSE ${idOf('n')} END AS id) i;`,
    asked: [
      { name: 'admin: audit', ask: auditPage({}) },
      { name: 'admin: audit of an action', ask: auditPage({ action: 'user.disabled' }) },
      { name: 'admin: audit of an action that never was', ask: auditPage({ action: 'user.erased' }) },
      { name: 'admin: audit by actor', ask: auditPage({ actorId: ADA }) },
      { name: 'own activity', ask: auditPage({ subjectId: ADA }) },
    ],
  },
  {
    table: 'login_failures',
    load: (rows) => `
      INSERT INTO login_failures (id, count, counted_at)
      SELECT decode(md5('f' || n), 'hex'), 1, now() - CASE WHEN n <= ${BATCH} THEN interval '2 days' ELSE interval '20 hours' * n / ${rows} END
        FROM generate_series(1, ${rows}) n;`,
    asked: cleaned(guesses.DEAD_FAILURES),
  },
  {
    table: 'known_addresses',
    load: (rows) => `
      INSERT INTO known_addresses (id, account, seen_at)
      SELECT decode(md5('a' || n), 'hex'), decode(md5('b' || n), 'hex'), now() - CASE WHEN n <= ${BATCH} THEN interval '95 days' ELSE interval '80 days' * n / ${rows} END
        FROM generate_series(1, ${rows}) n;`,
    asked: cleaned(addresses.DEAD_ADDRESSES),
  },
  {
    table: 'account_tokens',
    load: (rows) => `
      INSERT INTO account_tokens (user_id, purpose, token_hash, created_at, expires_at)
      SELECT ${idOf('n')}, 'password_reset', decode(md5(n::text), 'hex'), now(), now() + CASE WHEN n <= ${BATCH} THEN interval '-1 hour' ELSE interval '30 minutes' END
        FROM generate_series(1, ${rows}) n;`,
    asked: cleaned(tokens.DEAD_TOKENS),
  },
  {
    table: 'former_addresses',
    load: (rows) => `
      INSERT INTO former_addresses (user_id, email, token_hash, created_at, expires_at)
      SELECT ${idOf('n')}, 'old' || n, decode(md5(n::text), 'hex'), now(), now() + CASE WHEN n <= ${BATCH} THEN interval '-1 hour' ELSE interval '7 days' END
        FROM generate_series(1, ${rows}) n;`,
    asked: cleaned(formers.DEAD_FORMER_ADDRESSES),
  },
];
