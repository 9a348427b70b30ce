/** People who write without a pause for thought: some once each, some with an Idempotency-Key until they have an answer. */
import { randomUUID } from 'node:crypto';

import { Client } from './client.mjs';
import { delay } from './time.mjs';

const PASSWORD = 'correct horse battery staple';
const PAUSE_MS = 60;
const REPEAT_MS = 200;

/** How often of a hundred; the rest are tasks. */
const SHARES = { post: 25, complete: 15, follow: 10, logout: 4, register: 3 };

export class Writers {
  answers = { ok: 0, refused: 0, reads: 0, none: 0, wrong: [] };
  longest = { ms: 0, what: '' };
  /** Tokens whose logout was acknowledged. */
  loggedOut = [];
  #people = [];
  #loops = [];
  #stopped = false;
  #closed = false;
  #waiting = [];
  #names = 0;

  constructor(url, ledger) {
    this.client = new Client(url);
    this.ledger = ledger;
    this.run = randomUUID().slice(0, 8);
  }

  /** @param counts how many write once each, and how many with keys */
  async start({ once = 8, withKeys = 8 } = {}) {
    this.hasKeys = await this.#knowsKeys();
    const modes = [...Array(once).fill(false), ...Array(this.hasKeys ? withKeys : 0).fill(true)];
    for (const keyed of modes) this.#people.push({ ...(await this.join()), keyed, tasks: [] });
    this.#loops = [
      ...this.#people.map((person) => this.#write(person)),
      ...this.#people.slice(0, 2).map((person) => this.#read(person)),
    ];
    // stop() throws what ended one, also when that was long before.
    for (const loop of this.#loops) loop.catch(() => undefined);
  }

  /** Resolves when every request has its end, and writers with keys have their answers. */
  async stop() {
    this.#stopped = true;
    await Promise.all(this.#loops);
  }

  get people() {
    return this.#people;
  }

  /** Resolves with the moment of the next success. @param what its method is */
  nextOk(what = /./) {
    return new Promise((done) => {
      this.#waiting.push({ what, done });
    });
  }

  /** Somebody new, who is logged in. */
  async join() {
    const username = this.#name('p').replaceAll('-', '_');
    const email = `${username}@example.org`;
    await this.#need('POST', '/auth/register', { body: { email, username, password: PASSWORD } });
    const { body } = await this.#need('POST', '/auth/login', { body: { email, password: PASSWORD } });
    return { username, email, token: body.access_token };
  }

  /** @returns how many of the tokens that were logged out are accepted */
  async accepted() {
    let accepted = 0;
    for (const token of this.loggedOut) {
      const answer = await this.client.send('GET', '/api/v1/auth/me', { token });
      if (answer.status !== 401) accepted += 1;
    }
    return accepted;
  }

  /** Resolves when nobody writes, also in the middle of everything. No answer is acknowledged from now on. */
  async close() {
    this.#stopped = true;
    this.#closed = true;
    this.client.close();
    await Promise.allSettled(this.#loops);
  }

  async #write(person) {
    while (!this.#stopped) {
      await this.#one(person, kindOf(Math.random() * 100));
      await delay(PAUSE_MS * (0.5 + Math.random()));
    }
  }

  async #read({ token }) {
    while (!this.#stopped) {
      this.#judge(await this.client.send('GET', '/api/v1/timeline?limit=5', { token }), [200]);
      await delay(PAUSE_MS);
    }
  }

  async #one(person, kind) {
    if (kind === 'post') return this.#create(person, 'post', { path: '/posts', field: 'text' });
    if (kind === 'complete') return this.#complete(person);
    if (kind === 'follow') return this.#follow(person);
    if (kind === 'logout') return this.#logout(person);
    if (kind === 'register') return this.#register(person);
    return this.#create(person, 'task', { path: '/tasks', field: 'title' });
  }

  async #create(person, kind, { path, field }) {
    const name = this.#name(kind);
    const answer = await this.#attempt(person, [kind, name], ['POST', path, { body: { [field]: name } }]);
    if (kind === 'task' && answer?.status === 201) person.tasks.push({ name, id: answer.body.id });
  }

  async #complete(person) {
    const task = person.tasks.shift();
    if (task === undefined) return;
    const path = `/tasks/${task.id}/complete`;
    await this.#attempt(person, ['complete', task.name], ['PATCH', path, { body: { completed: true } }]);
  }

  async #follow(person) {
    const other = this.#people[Math.floor(Math.random() * this.#people.length)];
    if (other === person) return;
    const name = `${person.username} ${other.username}`;
    await this.#attempt(person, ['follow', name], ['PUT', `/users/${other.username}/follow`, {}]);
  }

  async #register({ keyed }) {
    const username = this.#name('r').replaceAll('-', '_');
    const body = { email: `${username}@example.org`, username, password: PASSWORD };
    await this.#attempt({ keyed }, ['register', username], ['POST', '/auth/register', { body }]);
  }

  async #logout({ email, keyed }) {
    const login = await this.#send('POST', '/auth/login', { body: { email, password: PASSWORD } });
    if (login.status !== 200) return;
    const token = login.body.access_token;
    const answer = await this.#attempt({ token, keyed }, ['logout', token], ['POST', '/auth/logout', {}]);
    if (answer?.status === 200) this.loggedOut.push(token);
  }

  /** @returns the answer that is the last word; undefined: there is none */
  async #attempt({ token, keyed }, [kind, name], [method, path, options]) {
    const entry = this.ledger.begin(kind, name, { keyed });
    const headers = keyed ? { 'idempotency-key': `"${randomUUID()}"` } : {};
    for (;;) {
      const answer = await this.#send(method, path, { ...options, token, headers, repeated: entry.isUnknown });
      if (this.#closed) return undefined;
      if (answer.status >= 200 && answer.status < 300) {
        await this.ledger.acknowledge(entry);
        return answer;
      }
      if (answer.status === 0 || answer.status === 503) entry.isUnknown = true;
      const isAgain = [0, 409, 429, 503].includes(answer.status);
      if (!keyed || !isAgain) return undefined;
      await delay(REPEAT_MS);
    }
  }

  async #send(method, path, { repeated = false, ...options }) {
    const answer = await this.client.send(method, `/api/v1${path}`, options);
    // The second logout of a session that the first one ended, without an answer.
    this.#judge(answer, repeated && path === '/auth/logout' ? [200, 401] : undefined);
    return answer;
  }

  #judge({ what, status, ms, body, error, headers }, right) {
    const { answers } = this;
    if (ms > this.longest.ms) this.longest = { ms, what: `${what}, ${status}` };
    if (right?.includes(status) || (status >= 200 && status < 300)) {
      answers.ok += 1;
      const isMeant = (each) => each.what.test(what);
      for (const { done } of this.#waiting.filter(isMeant)) done(performance.now());
      this.#waiting = this.#waiting.filter((each) => !isMeant(each));
    } else if (status === 0) answers.none += 1;
    else if ([409, 429, 503].includes(status) && headers['retry-after'] !== undefined) {
      answers.refused += 1;
      if (what.startsWith('GET')) answers.reads += 1;
    } else answers.wrong.push(`${status} ${body?.code ?? error ?? ''}`);
  }

  async #knowsKeys() {
    const { token } = await this.join();
    const headers = { 'idempotency-key': `"${randomUUID()}"` };
    const send = () => this.#need('POST', '/tasks', { token, headers, body: { title: 'twice' } });
    return (await send()).body.id === (await send()).body.id;
  }

  async #need(method, path, options) {
    const answer = await this.client.send(method, `/api/v1${path}`, options);
    if (answer.status >= 300 || answer.status === 0)
      throw new Error(`${method} ${path} answered ${answer.status} ${JSON.stringify(answer.body ?? answer.error)}`);
    return answer;
  }

  #name(kind) {
    this.#names += 1;
    return `${kind}-${this.run}-${this.#names}`;
  }
}

function kindOf(hundredth) {
  let sum = 0;
  return Object.keys(SHARES).find((kind) => hundredth < (sum += SHARES[kind])) ?? 'task';
}
