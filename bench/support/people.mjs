// @ts-check
/** The rows of `npm run bench`: made once, copied for the other server, and restored before each round. */
import { randomUUID } from 'node:crypto';

import bcrypt from 'bcrypt';
import jwt from 'jsonwebtoken';
import pg from 'pg';

import { fromBuild, post } from './roost.mjs';

export const PEOPLE = 4_096;
/** The first people: each has tasks. */
export const OWNERS = 256;
export const TASKS_EACH = 200;
const POSTS = 20_000;
export const FOLLOWS_EACH = 50;
export const PASSWORD = 'correct horse battery staple';

/** @typedef {{ id: string, username: string, email: string, accessToken: string, refreshToken: string }} Person */

/**
 * @param {string} url of a migrated, empty database
 * @param {number} cost of bcrypt
 */
export async function seed(url, cost) {
  const hash = await bcrypt.hash(PASSWORD, cost);
  await withClient(url, async (client) => {
    await client.query(
      `INSERT INTO users (email, username, hashed_password, display_name, email_confirmed_at)
       SELECT 'person' || n || '@example.com', 'person' || n, $1, 'Person number ' || n, now()
         FROM generate_series(0, $2 - 1) n`,
      [hash, PEOPLE],
    );
    await client.query(`
      CREATE TEMPORARY TABLE person AS SELECT substr(username, 7)::integer AS n, id FROM users;
      INSERT INTO sessions (id, user_id, seq, salt, rotated_at, last_used_at, expires_at)
      SELECT gen_random_uuid(), id, 0, substring(sha256(id::text::bytea) FOR 16), now(), now(), now() + interval '30 days'
        FROM person;
      INSERT INTO tasks (user_id, title, description, completed, created_at, updated_at)
      SELECT p.id, 'Task number ' || i, 'What there is to do about number ' || i, false, made, made
        FROM generate_series(1, ${TASKS_EACH}) i, LATERAL (SELECT now() - i * interval '1 minute' AS made) m, person p
       WHERE p.n < ${OWNERS} ORDER BY i, p.n;
      INSERT INTO posts (author_id, text)
      SELECT id, 'Post number ' || i || ': ' || repeat(md5(i::text), 3)
        FROM generate_series(1, ${POSTS}) i JOIN person ON person.n = i * 7919 % ${PEOPLE} ORDER BY i;
      INSERT INTO follows (follower_id, followee_id)
      SELECT a.id, b.id
        FROM person a, generate_series(1, ${FOLLOWS_EACH}) i JOIN person b ON true
       WHERE b.n = (a.n + i) % ${PEOPLE};
      UPDATE user_stats SET following_count = ${FOLLOWS_EACH}, followers_count = ${FOLLOWS_EACH},
             posts_count = (SELECT count(*) FROM posts WHERE author_id = user_id);
      DROP TABLE person;
      CREATE TABLE bench_seed AS
      SELECT (SELECT max(id) FROM tasks) AS task, (SELECT max(id) FROM posts) AS post, clock_timestamp() AS at`);
    await client.query('VACUUM (ANALYZE, FREEZE)');
  });
}

/**
 * Rows that were added are deleted, and dead ones vacuumed, outside of what is measured.
 * @param {string} url
 */
export async function restore(url) {
  await withClient(url, async (client) => {
    await client.query(`
      DELETE FROM tasks USING bench_seed WHERE id > task;
      DELETE FROM posts USING bench_seed WHERE id > post;
      DELETE FROM follows USING bench_seed WHERE created_at > at;
      DELETE FROM sessions USING bench_seed WHERE created_at > at;
      UPDATE user_stats s SET following_count = ${FOLLOWS_EACH}, followers_count = ${FOLLOWS_EACH}, posts_count = p.count
        FROM (SELECT author_id, count(*) FROM posts GROUP BY author_id) p
       WHERE p.author_id = s.user_id
         AND (s.following_count, s.followers_count, s.posts_count) <> (${FOLLOWS_EACH}, ${FOLLOWS_EACH}, p.count)`);
    await client.query('VACUUM (ANALYZE) users, sessions, tasks, posts, follows, user_stats');
  });
}

/**
 * @param {string} url of the database
 * @param {{ secret: string, roost: string }} options `roost`: the URL of a server
 * @returns {Promise<Person[]>} in the order of their numbers
 */
export async function readPeople(url, { secret, roost }) {
  const { RefreshTokens } = await fromBuild('auth/tokens/refresh-tokens.js');
  const refreshTokens = new RefreshTokens({ tokens: { secret, previousSecret: undefined } });
  const login = { email: 'person0@example.com', password: PASSWORD };
  const { access_token: pattern } = await post(`${roost}/api/v1/auth/login`, 1, login);
  const { header, payload } = /** @type {jwt.Jwt} */ (jwt.decode(pattern, { complete: true }));
  const rows = await withClient(url, (client) =>
    client.query(
      `SELECT u.id, u.username, u.email, s.id AS sid, s.salt
         FROM users u JOIN sessions s ON s.user_id = u.id AND s.seq = 0, bench_seed WHERE s.created_at < at
        ORDER BY substr(u.username, 7)::integer`,
    ),
  );
  return rows.rows.map(({ id, username, email, sid, salt }) => {
    const claims = { .../** @type {object} */ (payload), sub: id, sid, jti: randomUUID() };
    const accessToken = jwt.sign(claims, secret, { header });
    return { id, username, email, accessToken, refreshToken: refreshTokens.encode({ sessionId: sid, seq: 1, salt }) };
  });
}

/**
 * @template T
 * @param {string} url
 * @param {(client: pg.Client) => Promise<T>} work
 */
export async function withClient(url, work) {
  const client = new pg.Client({ connectionString: url });
  // The server ends before the client when somebody interrupts.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
