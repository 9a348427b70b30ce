// @ts-check
/**
 * The floor of `npm run bench`: the same answers from the same rows, by `node:http`, `pg` and `jsonwebtoken` alone.
 * No limits, audit, revocations, login guard or log. Environment: DATABASE_URL, JWT_SECRET, PORT, PROCESSES.
 */
import cluster from 'node:cluster';
import { createHmac, createSecretKey, hkdfSync, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';

import bcrypt from 'bcrypt';
import jwt from 'jsonwebtoken';
import pg from 'pg';

import * as sql from './statements.mjs';

/** @typedef {{ userId: string, id: string, query: URLSearchParams, url: string, body: any, request: import('node:http').IncomingMessage }} Call */
/** @typedef {{ status: number, value?: unknown, link?: string | undefined }} Answer */

const { DATABASE_URL, JWT_SECRET = '', PORT, PROCESSES = '1' } = process.env;

const TTL_SECONDS = 86_400;
const GRACE_MS = 30_000;
const IDLE_DAYS = 30;
const ABSOLUTE_DAYS = 90;
const MAC_OFFSET = 37;
const SEGMENTER = new Intl.Segmenter('en', { granularity: 'grapheme' });

// With the secret as a string, jsonwebtoken makes the key anew for every token.
const accessKey = createSecretKey(JWT_SECRET, 'utf8');
const refreshKey = Buffer.from(hkdfSync('sha256', JWT_SECRET, '', 'roost refresh token', 32));
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 20, idleTimeoutMillis: 0 });

/** @type {Record<string, (call: Call) => Promise<Answer>>} */
const ROUTES = {
  'GET tasks': listTasks,
  'POST tasks': createTask,
  'GET tasks/:': getTask,
  'PATCH tasks/:/complete': completeTask,
  'GET auth/me': me,
  'POST auth/login': login,
  'POST auth/refresh': refresh,
  'GET timeline': timeline,
  'POST posts': createPost,
  'PUT users/:/follow': follow,
};
const PUBLIC = new Set(['POST auth/login', 'POST auth/refresh']);

if (cluster.isPrimary && Number(PROCESSES) > 1) {
  for (let count = 0; count < Number(PROCESSES); count += 1) cluster.fork();
} else {
  const server = createServer((request, response) => {
    answer(request).then(
      (answered) => send(response, answered),
      (/** @type {Error} */ error) => {
        process.stderr.write(`${error.stack}\n`);
        send(response, { status: 500 });
      },
    );
  });
  server.listen(Number(PORT), '127.0.0.1');
}
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(0));

/**
 * @param {import('node:http').IncomingMessage} request
 * @returns {Promise<Answer>}
 */
async function answer(request) {
  const { method = '', url = '', headers } = request;
  const mark = url.indexOf('?');
  const [, , , noun, id = '', verb] = (mark < 0 ? url : url.slice(0, mark)).split('/');
  const name = noun === 'auth' ? `auth/${id}` : `${noun}${id && '/:'}${verb === undefined ? '' : `/${verb}`}`;
  const route = ROUTES[`${method} ${name}`];
  if (!route) return { status: 404 };
  const userId = PUBLIC.has(`${method} ${name}`) ? '' : userOf(headers.authorization);
  if (userId === undefined) return { status: 401 };
  const body = Number(headers['content-length'] ?? 0) === 0 ? undefined : await bodyOf(request);
  if (body === null) return { status: 400 };
  return route({ userId, id, query: new URLSearchParams(mark < 0 ? '' : url.slice(mark)), url, body, request });
}

/**
 * @param {import('node:http').ServerResponse} response
 * @param {Answer} answer
 */
function send(response, { status, value, link }) {
  const body = value === undefined ? '' : JSON.stringify(value);
  /** @type {import('node:http').OutgoingHttpHeaders} */
  const fields = { 'content-length': Buffer.byteLength(body) };
  if (body !== '') fields['content-type'] = 'application/json; charset=utf-8';
  if (link !== undefined) fields.link = link;
  if (status === 204) delete fields['content-length'];
  response.writeHead(status, fields).end(body);
}

/** @param {string | undefined} authorization */
function userOf(authorization) {
  try {
    const token = (authorization ?? '').slice('Bearer '.length);
    return jwt.verify(token, accessKey, { algorithms: ['HS256'], issuer: 'roost', audience: 'roost' }).sub?.toString();
  } catch {
    return undefined;
  }
}

/**
 * @param {import('node:http').IncomingMessage} request
 * @returns {Promise<any>} null for what is no JSON object
 */
function bodyOf(request) {
  return new Promise((resolve, reject) => {
    let text = '';
    request.setEncoding('utf8');
    request.on('data', (/** @type {string} */ chunk) => (text += chunk));
    request.on('error', reject);
    request.on('end', () => {
      try {
        const value = JSON.parse(text);
        resolve(typeof value === 'object' && !Array.isArray(value) ? value : null);
      } catch {
        resolve(null);
      }
    });
  });
}

/**
 * @param {object} statement
 * @param {unknown[]} values
 * @returns {Promise<any[]>}
 */
async function query(statement, values) {
  const { rows } = await pool.query(/** @type {import('pg').QueryConfig} */ ({ ...statement, values }));
  return rows;
}

/** @param {Call} call */
async function listTasks({ userId, query: parameters, url }) {
  const limit = limitOf(parameters);
  const rows = await query(sql.LIST_TASKS, [userId, limit + 1]);
  return page({ rows, limit, url, keyOf: (last) => [last.created_at, last.id] });
}

/** @param {URLSearchParams} parameters */
function limitOf(parameters) {
  return Math.min(Math.max(Number(parameters.get('limit') ?? 50), 1), 100);
}

/** @param {{ rows: any[], limit: number, url: string, keyOf: (last: any) => unknown[] }} options */
function page({ rows, limit, url, keyOf }) {
  if (rows.length <= limit) return { status: 200, value: rows };
  const value = rows.slice(0, limit);
  const cursor = Buffer.from(JSON.stringify(keyOf(value[limit - 1]))).toString('base64url');
  return { status: 200, value, link: `<${url}&cursor=${cursor}>; rel="next"` };
}

/** @param {Call} call */
async function createTask({ userId, body }) {
  const { title, description = null, ...others } = body ?? {};
  const valid = isText(title, 200) && (description === null || isString(description, 1_000)) && isEmpty(others);
  if (!valid) return { status: 422 };
  const [value] = await query(sql.CREATE_TASK, [userId, title, description]);
  return { status: 201, value };
}

/**
 * @param {unknown} value
 * @param {number} most
 */
function isString(value, most) {
  return typeof value === 'string' && value.isWellFormed() && (value.length <= most || [...value].length <= most);
}

/**
 * @param {unknown} value
 * @param {number} most
 */
function isText(value, most) {
  return isString(value, most) && /** @type {string} */ (value).trim() !== '';
}

/** @param {object} others */
function isEmpty(others) {
  for (const _ in others) return false;
  return true;
}

/** @param {Call} call */
async function getTask({ userId, id }) {
  const [value] = await query(sql.GET_TASK, [id]);
  return owned(userId, value);
}

/**
 * @param {string} userId
 * @param {any} value
 */
function owned(userId, value) {
  if (value === undefined) return { status: 404 };
  return value.user_id === userId ? { status: 200, value } : { status: 403 };
}

/** @param {Call} call */
async function completeTask({ userId, id, body }) {
  const { completed, ...others } = body ?? {};
  if (typeof completed !== 'boolean' || !isEmpty(others)) return { status: 422 };
  const [value] = await query(sql.COMPLETE_TASK, [id, userId, completed]);
  return value === undefined ? owned(userId, (await query(sql.GET_TASK, [id]))[0]) : { status: 200, value };
}

/** @param {Call} call */
async function me({ userId }) {
  const [value] = await query(sql.ME, [userId]);
  return value === undefined ? { status: 401 } : { status: 200, value };
}

/** @param {Call} call */
async function login({ body, request }) {
  const { email, password, ...others } = body ?? {};
  if (!isText(email, 255) || !isString(password, 72) || !isEmpty(others)) return { status: 422 };
  const [user] = await query(sql.FIND_USER, [email.toLowerCase()]);
  if (user === undefined || !(await bcrypt.compare(password, user.hashed_password))) return { status: 401 };
  const [id, salt] = [randomUUID(), randomBytes(16)];
  const started = await query(sql.START_SESSION, [id, user.id, salt, ...clientOf(request), user.hashed_password]);
  if (started.length === 0) return { status: 401 };
  return tokens({ ...user, user_id: user.id }, { id, seq: 1, salt });
}

/** @param {import('node:http').IncomingMessage} request */
function clientOf({ headers }) {
  return [headers['x-forwarded-for'], headers['user-agent'], IDLE_DAYS, ABSOLUTE_DAYS];
}

/**
 * One statement rotates under the row's lock, if the token is the session's newest one. A lost answer is repeated.
 * @param {Call} call
 */
async function refresh({ body, request }) {
  const { refresh_token, ...others } = body ?? {};
  if (typeof refresh_token !== 'string' || !isEmpty(others)) return { status: 422 };
  const presented = decode(refresh_token);
  if (presented === undefined) return { status: 401 };
  const { id, seq, salt } = presented;
  const next = randomBytes(16);
  const [rotated] = await query(sql.ROTATE, [id, seq, salt, next, ...clientOf(request)]);
  if (rotated !== undefined) return tokens(rotated, { id: rotated.id, seq: seq + 1, salt: next });
  const [repeated] = await query(sql.REPEAT, [id, seq, salt, GRACE_MS]);
  return repeated === undefined ? { status: 401 } : tokens(repeated, { ...repeated, seq: seq + 1 });
}

/**
 * @param {{ user_id: string, role: string, token_epoch: number }} owner
 * @param {{ id: string, seq: number, salt: Buffer }} session
 */
function tokens({ user_id: sub, role, token_epoch: epoch }, session) {
  const iat = Math.floor(Date.now() / 1_000);
  const times = { iat, exp: iat + TTL_SECONDS };
  const claims = { iss: 'roost', aud: 'roost', sub, sid: session.id, role, epoch, ...times, jti: randomUUID() };
  const access_token = jwt.sign(claims, accessKey, { algorithm: 'HS256', header: { alg: 'HS256', typ: 'at+jwt' } });
  const value = { access_token, refresh_token: encode(session), token_type: 'bearer', expires_in: TTL_SECONDS };
  return { status: 200, value };
}

/** @param {{ id: string, seq: number, salt: Buffer }} session in the form of Roost's tokens */
function encode({ id, seq, salt }) {
  const head = Buffer.alloc(MAC_OFFSET);
  head.write(id.replaceAll('-', ''), 1, 'hex');
  head.writeUInt32BE(seq, 17);
  salt.copy(head, 21);
  return Buffer.concat([head, mac(head)]).toString('base64url');
}

/** @param {string} token */
function decode(token) {
  const bytes = Buffer.from(token, 'base64url');
  const head = bytes.subarray(0, MAC_OFFSET);
  if (bytes.length !== MAC_OFFSET + 32 || !timingSafeEqual(mac(head), bytes.subarray(MAC_OFFSET))) return undefined;
  return { id: head.toString('hex', 1, 17), seq: head.readUInt32BE(17), salt: head.subarray(21) };
}

/** @param {Buffer} head */
function mac(head) {
  return createHmac('sha256', refreshKey).update(head).digest();
}

/** @param {Call} call */
async function timeline({ userId, query: parameters, url }) {
  const limit = limitOf(parameters);
  const rows = await query(sql.TIMELINE, [userId, null, limit + 1]);
  return page({ rows: rows.map(presentPost), limit, url, keyOf: (last) => [last.id] });
}

/** @param {any} row */
function presentPost({ id, author_id, username, text, created_at }) {
  return { id, author: { id: author_id, username }, text, created_at };
}

/** @param {Call} call */
async function createPost({ userId, body }) {
  const { text, ...others } = body ?? {};
  if (!isText(text, 8_000) || !isPost(text) || !isEmpty(others)) return { status: 422 };
  const [row] = await query(sql.POST, [userId, text]);
  const at = row.created_at;
  const created_at = `${at.slice(0, 10)}T${at.slice(11, 19)}.${at.slice(20).padEnd(3, '0')}Z`;
  return { status: 201, value: presentPost({ ...row, author_id: userId, text, created_at }) };
}

/** @param {string} text */
function isPost(text) {
  return text.length <= 280 || [...SEGMENTER.segment(text)].length <= 280;
}

/** @param {Call} call */
async function follow({ userId, id: username }) {
  const [{ outcome }] = await query(sql.FOLLOW, [userId, username.toLowerCase()]);
  return { status: outcome === 'followed' ? 204 : 404 };
}
