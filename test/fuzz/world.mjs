/** The people of one sequence, what its answers gave, and how a request of it is sent. */
import { randomBytes } from 'node:crypto';
import { request as httpRequest } from 'node:http';

import { judge } from './judge.mjs';
import { ROLES } from './sequences.mjs';

/** What the links in mails lead to, by the operation that takes their tokens. */
const LINKS = { resetPassword: 'reset', confirmEmail: 'confirm', undoEmailChange: 'undo' };

/** What an answer below a path tells the ids of. */
const IDS = [
  [/\/sessions/, 'session'],
  [/\/tokens/, 'script'],
  [/\/tasks/, 'task'],
  [/\/(?:posts|timeline)/, 'post'],
  [/\/(?:users|auth\/me)/, 'user'],
];

/** Something to be read and changed, by its path. */
const WRITTEN = {
  '/api/v1/auth/tokens': (role) => ({ name: role, scopes: ['profile:read'], expires_in_days: 1 }),
  '/api/v1/tasks': (role) => ({ title: role }),
  '/api/v1/posts': (role) => ({ text: role }),
};

let people = 0;
const RUN = randomBytes(4).toString('hex');

export class World {
  /** @type {Record<string, unknown[]>} */
  known = Object.fromEntries(
    [...IDS.map(([, kind]) => kind), 'username', 'email', 'cursor', 'refresh', 'password'].map((kind) => [kind, []]),
  );
  /** @type {Map<string, { access: string, refresh: string }>} by role */
  tokens = new Map();
  /** @type {Map<string, string>} by role */
  passwords = new Map();
  /** A personal access token. */
  personal;
  /** Access tokens of earlier logins and refreshes. */
  old = [];
  /** Operations with their statuses. */
  seen = [];
  /** What no answer or log line may show. */
  secrets = new Set();

  /** @param {import('./server.mjs').Server} server @param {import('node:http').Agent} agent */
  constructor(server, agent) {
    this.server = server;
    this.agent = agent;
  }

  static async begin(server, agent) {
    const world = new World(server, agent);
    for (const role of ROLES.slice(1)) await world.join(role);
    for (const role of ['user', 'other']) await world.write(role);
    return world;
  }

  async join(role) {
    people += 1;
    const username = `${role}_${RUN}_${people}`;
    const email = `${username}@example.org`;
    const password = `${randomBytes(9).toString('base64url')} of ${role}`;
    this.secrets.add(password);
    const registered = await this.send('POST', '/api/v1/auth/register', {
      body: JSON.stringify({ email, username, password }),
    });
    if (registered.status !== 201) throw new Error(`a registration answered ${registered.status}: ${registered.text}`);
    if (role !== 'other') await this.server.promote(username, role);
    const { body } = await this.send('POST', '/api/v1/auth/login', { body: JSON.stringify({ email, password }) });
    this.keepTokens(role, body);
    this.learn('username', username);
    this.learn('email', email);
    this.learn('password', password);
    this.passwords.set(role, password);
  }

  async write(role) {
    const headers = { authorization: `Bearer ${this.tokens.get(role).access}` };
    for (const [path, bodyOf] of Object.entries(WRITTEN))
      this.learnFrom({ path, role }, await this.send('POST', path, { headers, body: JSON.stringify(bodyOf(role)) }));
  }

  /** @returns {Promise<string[]>} the faults of the answers to a request of a sequence */
  async play(asked, sent) {
    const answers = await Promise.all(
      Array.from({ length: asked.times }, () => this.send(sent.method, sent.path, sent)),
    );
    const faults = answers.flatMap((answer) => judge(sent, answer, this.secrets));
    for (const answer of answers) this.learnFrom(asked, answer);
    for (const { status } of answers) this.seen.push(`${sent.operation} ${status}`);
    return faults;
  }

  async resolve(asked) {
    const path = Object.entries(asked.segments).reduce(
      (all, [name, value]) => all.replace(`{${name}}`, () => value?.$raw ?? encode(this.value(value) ?? 1)),
      asked.path,
    );
    const query = [];
    for (const [name, value] of Object.entries(asked.query))
      if (value !== undefined && this.has(value))
        query.push(`${encode(name)}=${encode(await this.deep(value, asked))}`);
    if (asked.more) query.push(asked.more);
    const body =
      asked.raw ?? (asked.body === undefined ? undefined : JSON.stringify(await this.deep(asked.body, asked)));
    const prefixed = asked.unversioned ? path.replace('/api/v1/', '/api/') : path;
    return {
      operation: asked.operation,
      method: asked.otherMethod ?? asked.method,
      takesBody: asked.takesBody && asked.otherMethod === undefined,
      path: prefixed + (query.length > 0 ? `?${query.join('&')}` : ''),
      // Raw bodies are bytes.
      body: body === undefined ? undefined : Buffer.from(body, asked.raw === undefined ? 'utf8' : 'latin1'),
      type: asked.type ?? 'application/json',
      headers: Object.fromEntries([...this.authorization(asked), ...(asked.header ? [asked.header] : [])]),
    };
  }

  authorization({ role, authorization }) {
    const own = this.tokens.get(role)?.access;
    const value = {
      none: undefined,
      'an old token': this.old.length > 0 ? `Bearer ${this.old[0]}` : undefined,
      'a refresh token': `Bearer ${this.tokens.get('user')?.refresh}`,
      'a cut token': own && `Bearer ${own.slice(0, -5)}`,
      'another scheme': own && `Basic ${own}`,
      garbage: 'Bearer \u00e9 x',
      twice: own && `Bearer ${own}, Bearer ${own}`,
      'of a script': this.personal && `Bearer ${this.personal}`,
      'of a service': `Bearer ${this.server.serviceToken}`,
    };
    const chosen = authorization === undefined ? own && `Bearer ${own}` : value[authorization];
    return chosen === undefined ? [] : [['authorization', chosen]];
  }

  /** Values that earlier answers gave, in place of what stands for them. */
  async deep(value, asked) {
    if (value === null || typeof value !== 'object') return value;
    if (value.$known === 'token' || value.$known === 'code') return this.mailed(value, asked);
    if (value.$known === 'own password') return this.passwords.get(asked.role) ?? 'x';
    if (value.$known !== undefined) return this.value(value) ?? 'x';
    if (Array.isArray(value)) return Promise.all(value.map((each) => this.deep(each, asked)));
    const copy = {};
    for (const [name, each] of Object.entries(value))
      Object.defineProperty(copy, name, { value: await this.deep(each, asked), enumerable: true });
    return copy;
  }

  has({ $known: kind }) {
    return kind === undefined || !(kind in this.known) || this.known[kind].length > 0;
  }

  value(value) {
    if (value?.$known === undefined) return value;
    const all = this.known[value.$known] ?? [];
    return all[value.pick % all.length];
  }

  /** Of the mails to somebody of the sequence; more often of those that the operation is for. */
  async mailed({ $known, pick }, { operation }) {
    const { body } = await this.send('GET', '/dev/mailbox', {});
    const texts = body.filter(({ to }) => this.known.email.includes(to)).map(({ text }) => text);
    const all = texts.flatMap((text) => ($known === 'code' ? (/\b\d{6}\b/.exec(text) ?? []) : linksIn(text)));
    for (const { token } of $known === 'token' ? all : []) this.secrets.add(token);
    const meant = all.filter(({ page }) => page === LINKS[operation] && pick < 8);
    const chosen = (meant.length > 0 ? meant : all)[pick % (meant.length || all.length)];
    return chosen?.token ?? chosen ?? 'x';
  }

  learn(kind, value) {
    const all = this.known[kind];
    if (!all.includes(value)) all.push(value);
  }

  learnFrom({ path, role }, answer) {
    if (answer.status >= 300 || typeof answer.body !== 'object') return;
    const kind = IDS.find(([pattern]) => pattern.test(path))?.[1];
    for (const each of [answer.body].flat().slice(0, 5)) {
      if (kind && each?.id !== undefined) this.learn(kind, each.id);
      if (each?.username !== undefined) this.learn('username', each.username);
      if (/^roost_pat_/.test(each?.token)) this.personal = each.token;
      if (each?.access_token !== undefined) this.keepTokens(role, each);
    }
    const cursor = /[?&](?:cursor|after)=([^&>]+)/.exec(answer.headers.get('link') ?? '')?.[1];
    if (cursor) this.learn('cursor', decodeURIComponent(cursor));
  }

  keepTokens(role, { access_token: access, refresh_token: refresh }) {
    const before = this.tokens.get(role);
    if (before) this.old.push(before.access);
    this.learn('refresh', refresh);
    this.tokens.set(role === 'nobody' ? 'user' : role, { access, refresh });
    for (const each of [access, refresh]) this.secrets.add(each);
  }

  /** @returns the answer, as openapi.json is compared with it; of a stream its beginning */
  send(method, path, { headers = {}, body, type = 'application/json' }) {
    return new Promise((resolve, reject) => {
      const typed = body === undefined || type === '' ? {} : { 'content-type': type };
      const request = httpRequest(this.server.url + path, {
        method,
        agent: this.agent,
        headers: { ...typed, ...headers, ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }) },
      });
      request.on('error', reject).on('response', (response) => {
        const chunks = [];
        const fields = new Headers();
        for (let n = 0; n < response.rawHeaders.length; n += 2)
          fields.append(response.rawHeaders[n], response.rawHeaders[n + 1]);
        const answered = () => {
          const text = Buffer.concat(chunks).toString();
          const isJson = fields.get('content-type')?.includes('json') && text !== '';
          resolve({ status: response.statusCode, headers: fields, text, body: isJson ? JSON.parse(text) : text });
        };
        if (fields.get('content-type')?.startsWith('text/event-stream')) {
          answered();
          response.on('error', () => undefined);
          request.destroy();
          return;
        }
        response
          .on('data', (chunk) => chunks.push(chunk))
          .on('end', answered)
          .on('error', reject);
      });
      request.end(body);
    });
  }
}

function linksIn(text) {
  return [...text.matchAll(/\/(\w+)#\S*?token=([\w-]+)/g)].map(([, page, token]) => ({ page, token }));
}

/** Also of text that has no UTF-8. */
function encode(value) {
  return String(value).toWellFormed() === String(value) ? encodeURIComponent(String(value)) : '%ED%A0%80';
}
