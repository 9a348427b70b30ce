// @ts-check
/** The floor of `GET /tasks`: the same answer from `node:http`, `pg` and `jsonwebtoken`, and nothing else. */
import { createSecretKey } from 'node:crypto';
import { createServer } from 'node:http';

import jwt from 'jsonwebtoken';
import pg from 'pg';

const { DATABASE_URL, JWT_SECRET = '', PORT, TIMESTAMPS } = process.env;

/** As Roost's list does it, in the form of ISO 8601: `pg` then has no dates to parse, and JSON none to write. */
const text = (/** @type {string} */ column) =>
  `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS ${column}`;
const times = ['created_at', 'updated_at'].map((column) => (TIMESTAMPS === 'text' ? text(column) : column));

const NEWEST = `SELECT id, user_id, title, description, completed, ${times.join(', ')}
  FROM tasks WHERE user_id = $1 ORDER BY tasks.created_at DESC, id DESC LIMIT $2`;

// With the secret as a string, jsonwebtoken makes the key anew for every token.
const key = createSecretKey(JWT_SECRET, 'utf8');
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 20 });

const server = createServer((request, response) => {
  answer(request, response).catch(() => response.writeHead(500).end());
});
server.listen(Number(PORT), '127.0.0.1');
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(0));

/**
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 */
async function answer({ headers, url = '' }, response) {
  const userId = userOf(headers.authorization);
  if (userId === undefined) {
    response.writeHead(401).end();
    return;
  }
  const limit = Number(new URLSearchParams(url.slice(url.indexOf('?'))).get('limit'));
  const { rows } = await pool.query({ name: 'newest', text: NEWEST, values: [userId, limit + 1] });
  const tasks = rows.slice(0, limit);
  const body = JSON.stringify(tasks);
  /** @type {import('node:http').OutgoingHttpHeaders} */
  const fields = { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(body) };
  if (rows.length > limit) {
    const last = tasks[tasks.length - 1];
    const cursor = Buffer.from(JSON.stringify([last.created_at, last.id])).toString('base64url');
    fields.link = `<${url}&cursor=${cursor}>; rel="next"`;
  }
  response.writeHead(200, fields).end(body);
}

/** @param {string | undefined} authorization */
function userOf(authorization) {
  try {
    const token = (authorization ?? '').slice('Bearer '.length);
    return jwt.verify(token, key, { algorithms: ['HS256'], issuer: 'roost', audience: 'roost' }).sub?.toString();
  } catch {
    return undefined;
  }
}
