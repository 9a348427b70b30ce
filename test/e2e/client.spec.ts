import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { ModuleKind, ScriptTarget, transpileModule } from 'typescript';

import {
  memoryTokens,
  ProblemError,
  RoostClient,
  storedTokens,
  type StreamEvent,
  type Tokens,
  unwrap,
} from '../../clients/typescript/src/index.js';
import type { CreateTokenRequest } from '../../clients/typescript/src/schema.js';
import { TestApp } from '../support/app.js';
import { describeInBrowser, openBrowser } from '../support/browser.js';
import { claimsOf } from '../support/jwt.js';
import { login, PASSWORD, person, type Person, staff } from '../support/people.js';
import { eventually } from '../support/process.js';
import { expectDead } from '../support/sessions.js';

const SOURCES = join(__dirname, '../../clients/typescript/src');

const JSON_TYPE = { 'content-type': 'application/problem+json' };

let app: TestApp;
let ada: Person;

beforeAll(async () => {
  app = await TestApp.start();
});

afterAll(() => app.stop());

beforeEach(async () => {
  ada = await person(app, 'ada');
});

/** As a bundler would, without types. */
function compiled(file: string): string {
  const source = readFileSync(join(SOURCES, file.replace(/\.js$/, '.ts')), 'utf8');
  const { ES2022: target } = ScriptTarget;
  return transpileModule(source, { compilerOptions: { target, module: ModuleKind.ES2022 } }).outputText;
}

/** Notes what was asked, and may answer in the server's place or after it. */
class Wire {
  readonly asked: string[] = [];
  private readonly cuts = new Set<AbortController>();

  constructor(private readonly change: (path: string, ask: () => Promise<Response>) => Promise<Response>) {}

  readonly fetch: typeof fetch = (input, init) => {
    const path = new URL(input).pathname.replace('/api/v1', '');
    this.asked.push(`${init?.method ?? 'GET'} ${path}`);
    const cut = new AbortController();
    this.cuts.add(cut);
    const signals = [cut.signal, ...(init?.signal ? [init.signal] : [])];
    return this.change(path, () => fetch(input, { ...init, signal: AbortSignal.any(signals) }));
  };

  count(request: string): number {
    return this.asked.filter((each) => each === request).length;
  }

  /** Breaks all connections that are open. */
  cut(): void {
    for (const each of this.cuts) each.abort(new TypeError('terminated'));
    this.cuts.clear();
  }
}

const plain = (): Wire => new Wire((_, ask) => ask());

function clientOf({ access_token, refresh_token }: Tokens, wire = plain()): RoostClient {
  return new RoostClient({
    url: app.url,
    tokens: memoryTokens({ access_token, refresh_token }),
    fetch: wire.fetch,
  });
}

describe('a request', () => {
  it('has the types of the document', async () => {
    const roost = clientOf(await staff(app, 'admin'));
    const made = await unwrap(roost.post('/admin/users', { body: { email: 'typed@example.org' } }));
    const email: string = made.email;
    const found = await roost.get('/admin/users/{user_id}', { path: { user_id: made.id } });
    expect(found.ok && found.data.email).toBe(email);
    expect((await unwrap(found)).email).toBe(email);
    const none = await roost.get('/admin/users/{user_id}', { path: { user_id: randomUUID() } });
    if (none.ok) throw new Error('there is no such account');
    expect(none.problem.code === 'user_not_found').toBe(true);
    // @ts-expect-error This is no answer of this operation.
    expect(none.problem.code === 'email_taken').toBe(false);
    // @ts-expect-error The address is missing.
    const bad = await roost.post('/admin/users', { body: {} });
    expect(bad.status).toBe(422);
    // @ts-expect-error There is no such path.
    expect((await roost.get('/nothing')).status).toBe(404);
    expect((await roost.delete('/admin/users/{user_id}', { path: { user_id: made.id } })).ok).toBe(true);
  });

  it('writes parts of a path and queries so that they mean themselves', async () => {
    const roost = clientOf(await staff(app, 'admin'));
    await app.pool.query(`UPDATE users SET display_name = 'a&b=c #1' WHERE id = $1`, [ada.id]);
    const found = await unwrap(roost.get('/admin/users', { query: { q: 'a&b=c #1', limit: 5 } }));
    expect(found.map(({ id }) => id)).toEqual([ada.id]);
    const nobody = await roost.get('/admin/users/{user_id}', { path: { user_id: '../users/me' } });
    expect([nobody.status, nobody.ok ? '' : nobody.problem.code]).toEqual([404, 'user_not_found']);
  });

  it.each(['', '.', '..'])('refuses "%s" as a part of a path, which would be another path', async (session_id) => {
    await expect(clientOf(ada).delete('/auth/sessions/{session_id}', { path: { session_id } })).rejects.toThrow(
      TypeError,
    );
  });

  it('keeps headers that the caller gives, in any case', async () => {
    const bob = await person(app, 'bob');
    const answer = await clientOf(ada).get('/auth/me', { headers: { Authorization: `Bearer ${bob.access_token}` } });
    expect(answer.ok && answer.data.id).toBe(bob.id);
  });

  it('gives no data for an answer without a body, and throws a problem when it is unwrapped', async () => {
    const roost = clientOf(ada);
    const path = { session_id: String(claimsOf((await login(app, ada.email)).access_token).sid) };
    const ended = await roost.delete('/auth/sessions/{session_id}', { path });
    expect([ended.status, ended.ok ? ended.data : ended.problem]).toEqual([204, undefined]);
    const again = roost.delete('/auth/sessions/{session_id}', { path });
    await expect(unwrap(again)).rejects.toThrow(ProblemError);
  });

  it('is ended by its signal', async () => {
    const roost = clientOf(ada);
    await expect(roost.get('/users/me', { signal: AbortSignal.abort() })).rejects.toThrow('aborted');
  });

  it('waits as long as a limit asks, once, and not longer than it may', async () => {
    let refusals = 0;
    let seconds = '0';
    const wire = new Wire((_, ask) => {
      refusals += 1;
      const headers = { ...JSON_TYPE, 'retry-after': seconds };
      return refusals % 2 === 1 ? Promise.resolve(new Response('{}', { status: 429, headers })) : ask();
    });
    const roost = clientOf(ada, wire);
    expect((await roost.patch('/users/me', { body: { bio: 'later' } })).status).toBe(200);
    seconds = '11';
    expect((await roost.get('/users/me')).status).toBe(429);
    expect(wire.asked).toEqual(['PATCH /users/me', 'PATCH /users/me', 'GET /users/me']);
  });

  it('says when something else than Roost has answered', async () => {
    const wire = new Wire(() => Promise.resolve(new Response('<h1>Bad gateway</h1>', { status: 502 })));
    await expect(clientOf(ada, wire).get('/users/me')).rejects.toThrow('answered 502');
  });

  it('that writes is not sent again when it may have been done: only the caller knows', async () => {
    const wire = new Wire(() =>
      Promise.resolve(new Response('{}', { status: 503, headers: { ...JSON_TYPE, 'retry-after': '0' } })),
    );
    const roost = clientOf(ada, wire);
    expect((await roost.post('/auth/password/forgot', { body: { email: ada.email } })).status).toBe(503);
    expect((await roost.get('/users/me')).status).toBe(503);
    expect(wire.asked).toEqual(['POST /auth/password/forgot', 'GET /users/me', 'GET /users/me']);
  });
});

describe('a request that creates something', () => {
  /** In front of the server: it loses the first answers, which the server has given. */
  async function losing(answers: number): Promise<{ url: string; lost: () => number; close: () => void }> {
    let lost = 0;
    const server = createServer((asked, reply) => {
      const { method, url: path = '', headers } = asked;
      const passed = request(`${app.url}${path}`, { method, headers }, (answer) => {
        if (lost < answers) {
          lost += 1;
          answer.resume().on('end', () => asked.socket.destroy());
        } else answer.pipe(reply.writeHead(answer.statusCode ?? 0, answer.headers));
      });
      asked.pipe(passed);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return { url, lost: () => lost, close: () => server.close() };
  }

  let boss: Person;

  beforeEach(async () => {
    boss = await staff(app, 'admin');
  });

  const found = async (roost: RoostClient, q: string): Promise<string[]> =>
    (await unwrap(roost.get('/admin/users', { query: { q } }))).map(({ email }) => email);

  it('is done once when its answer is lost', async () => {
    const proxy = await losing(1);
    try {
      const roost = new RoostClient({ url: proxy.url, tokens: memoryTokens(boss) });
      const answer = await roost.post('/admin/users', { body: { email: 'once@example.org' } });
      expect([answer.status, proxy.lost()]).toEqual([201, 1]);
      expect(answer.response.headers.get('idempotency-replayed')).toBe('true');
      expect(await found(roost, 'once@')).toEqual(['once@example.org']);
    } finally {
      proxy.close();
    }
  });

  it('is sent twice at most, and is done once with a key that the caller keeps', async () => {
    const proxy = await losing(2);
    try {
      const roost = new RoostClient({ url: proxy.url, tokens: memoryTokens(boss) });
      const kept = { body: { email: 'kept@example.org' }, headers: { 'Idempotency-Key': 'a-key-of-the-callers' } };
      await expect(roost.post('/admin/users', kept)).rejects.toThrow(TypeError);
      expect(proxy.lost()).toBe(2);
      expect((await roost.post('/admin/users', kept)).status).toBe(201);
      expect(await found(roost, 'kept@')).toEqual(['kept@example.org']);
    } finally {
      proxy.close();
    }
  });

  it.each([
    [503, 'overloaded'],
    [409, 'idempotency_key_in_use'],
  ])('is sent once more after %i with Retry-After, with the same key', async (status, code) => {
    const keys: (string | null)[] = [];
    const init = { status, headers: { ...JSON_TYPE, 'retry-after': '0' } };
    const roost = new RoostClient({
      url: app.url,
      tokens: memoryTokens(boss),
      fetch: (input, sent) => {
        keys.push(new Headers(sent?.headers).get('idempotency-key'));
        return keys.length === 1 ? Promise.resolve(new Response(JSON.stringify({ code }), init)) : fetch(input, sent);
      },
    });
    const invite = () => roost.post('/admin/users', { body: { email: `${randomUUID()}@example.org` } });
    expect((await invite()).status).toBe(201);
    expect(keys).toEqual([expect.stringMatching(/^"[0-9a-f]{32}"$/), keys[0]]);
    expect((await invite()).status).toBe(201);
    expect(keys[2]).not.toBe(keys[0]);
    expect((await roost.patch('/users/me', { body: { bio: 'x' } })).status).toBe(200);
    expect(keys[3]).toBeNull();
  });

  it('is not sent again when it was ended by its signal, or refused', async () => {
    const ended = new AbortController();
    const wire = new Wire((_, ask) => {
      ended.abort();
      return ask();
    });
    const body = { email: 'never@example.org' };
    const sent = clientOf(boss, wire).post('/admin/users', { body, signal: ended.signal });
    await expect(sent).rejects.toThrow('aborted');
    const refused = await clientOf(ada, wire).post('/auth/register', {
      body: { email: ada.email, password: PASSWORD },
    });
    expect([refused.status, wire.asked]).toEqual([409, ['POST /admin/users', 'POST /auth/register']]);
  });
});

describe('a session', () => {
  it('begins with a login and ends with a logout', async () => {
    const store = memoryTokens();
    const roost = new RoostClient({ url: `${app.url}/`, tokens: store });
    const wrong = await roost.login({ email: ada.email, password: 'wrong horse' });
    expect(wrong.ok || wrong.problem.code).toBe('invalid_credentials');
    expect((await roost.login({ email: ada.email, password: PASSWORD })).ok).toBe(true);
    const { access_token, refresh_token = '' } = (await store.get()) ?? ada;
    expect(access_token).not.toBe(ada.access_token);
    expect((await unwrap(roost.get('/auth/me'))).email).toBe(ada.email);
    expect((await roost.logout()).ok).toBe(true);
    expect(await store.get()).toBeUndefined();
    await expectDead(app, { access_token, refresh_token });
  });

  it('is refreshed once for any number of requests that its expiry refused', async () => {
    const wire = plain();
    const roost = clientOf(ada, wire);
    app.clock.advance('25h');
    const answers = await Promise.all(Array.from({ length: 20 }, () => roost.get('/auth/me')));
    expect(answers.every(({ ok }) => ok)).toBe(true);
    expect(wire.count('POST /auth/refresh')).toBe(1);
    expect((await roost.get('/auth/me')).ok).toBe(true);
    expect(wire.count('POST /auth/refresh')).toBe(1);
  });

  it('goes on in all tabs, which share the tokens', async () => {
    const items = new Map<string, string>();
    const storage = {
      getItem: (key: string) => items.get(key) ?? null,
      setItem: (key: string, value: string) => {
        items.set(key, value);
      },
      removeItem: (key: string) => {
        items.delete(key);
      },
    };
    const tabs = [1, 2, 3].map(() => new RoostClient({ url: app.url, tokens: storedTokens(storage) }));
    await tabs[0]?.login({ email: ada.email, password: PASSWORD });
    for (let round = 0; round < 3; round += 1) {
      app.clock.advance('25h');
      const answers = await Promise.all(tabs.map((tab) => tab.get('/auth/me')));
      expect(answers.map(({ ok }) => ok)).toEqual([true, true, true]);
    }
    expect([...items.keys()]).toEqual(['roost']);
  });

  it('survives the loss of the answer to its refresh', async () => {
    let isLost = true;
    const wire = new Wire(async (path, ask) => {
      const answer = await ask();
      if (path !== '/auth/refresh' || !isLost) return answer;
      isLost = false;
      throw new TypeError('fetch failed');
    });
    app.clock.advance('25h');
    expect((await clientOf(ada, wire).get('/auth/me')).ok).toBe(true);
    expect(wire.count('POST /auth/refresh')).toBe(2);
  });

  it('of another person that came during a refresh is kept, and does not do what the first one asked', async () => {
    const store = memoryTokens(ada);
    const bob = await person(app, 'bob');
    const wire = new Wire(async (path, ask) => {
      const answer = await ask();
      if (path === '/auth/refresh')
        await store.set({ access_token: bob.access_token, refresh_token: bob.refresh_token });
      return answer;
    });
    const roost = new RoostClient({ url: app.url, tokens: store, fetch: wire.fetch });
    await ada.api.post('/auth/logout');
    const answer = await roost.patch('/users/me', { body: { bio: 'by ada' } });
    expect(answer.ok || answer.problem.code).toBe('token_revoked');
    expect(await store.get()).toMatchObject({ refresh_token: bob.refresh_token });
  });

  describe('and a late answer', () => {
    /** The answer to the first request for a path comes when it is released. */
    function holding(
      path: string,
      first = (ask: () => Promise<Response>) => ask(),
    ): { wire: Wire; release: () => void } {
      let release: () => void = () => undefined;
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      let isFirst = true;
      const wire = new Wire(async (asked, ask) => {
        if (asked !== path || !isFirst) return ask();
        isFirst = false;
        const answer = await first(ask);
        await released;
        return answer;
      });
      return { wire, release };
    }

    it('to a logout leaves the session of a login that came between', async () => {
      const store = memoryTokens(ada);
      const { wire, release } = holding('/auth/logout');
      const roost = new RoostClient({ url: app.url, tokens: store, fetch: wire.fetch });
      const bob = await person(app, 'bob');
      const loggedOut = roost.logout();
      await eventually(() => wire.count('POST /auth/logout') === 1);
      await unwrap(roost.login({ email: bob.email, password: PASSWORD }));
      const kept = await store.get();
      release();
      expect((await loggedOut).status).toBe(200);
      expect(await store.get()).toEqual(kept);
      expect((await unwrap(roost.get('/auth/me'))).id).toBe(bob.id);
      await expectDead(app, ada);
    });

    it('to a logout ends the session also when it was refreshed meanwhile', async () => {
      const store = memoryTokens(ada);
      const wire = plain();
      const roost = new RoostClient({ url: app.url, tokens: store, fetch: wire.fetch });
      app.clock.advance('25h');
      expect((await roost.logout()).status).toBe(200);
      expect(wire.asked).toEqual(['POST /auth/logout', 'POST /auth/refresh', 'POST /auth/logout']);
      expect(await store.get()).toBeUndefined();
    });

    it('to a logout with an expired token leaves the newer session of the same person', async () => {
      const store = memoryTokens(ada);
      app.clock.advance('25h');
      const { wire, release } = holding('/auth/logout');
      const roost = new RoostClient({ url: app.url, tokens: store, fetch: wire.fetch });
      const loggedOut = roost.logout();
      await eventually(() => wire.count('POST /auth/logout') === 1);
      await unwrap(roost.login({ email: ada.email, password: PASSWORD }));
      release();
      expect((await loggedOut).status).toBe(401);
      expect((await unwrap(roost.get('/auth/me'))).id).toBe(ada.id);
    });

    it('to a restore leaves the session of a login that came between', async () => {
      const bob = await person(app, 'bob');
      const store = memoryTokens();
      const { wire, release } = holding('/auth/refresh', async () =>
        // As by the cookie of a browser.
        Response.json((await app.api.post('/auth/refresh', { refresh_token: ada.refresh_token })).body),
      );
      const roost = new RoostClient({ url: app.url, tokens: store, fetch: wire.fetch });
      const restored = roost.restore();
      await unwrap(roost.login({ email: bob.email, password: PASSWORD }));
      const kept = await store.get();
      release();
      expect(await restored).toBe(true);
      expect(await store.get()).toEqual(kept);
      expect((await unwrap(roost.get('/auth/me'))).id).toBe(bob.id);
    });

    it('to a login leaves the session of a login that was sent later', async () => {
      const bob = await person(app, 'bob');
      const store = memoryTokens();
      const { wire, release } = holding('/auth/login');
      const roost = new RoostClient({ url: app.url, tokens: store, fetch: wire.fetch });
      const first = roost.login({ email: ada.email, password: PASSWORD });
      await eventually(() => wire.count('POST /auth/login') === 1);
      await unwrap(roost.login({ email: bob.email, password: PASSWORD }));
      release();
      await unwrap(first);
      expect((await unwrap(roost.get('/auth/me'))).id).toBe(bob.id);
    });
  });

  it('is refreshed also after a wait for a limit', async () => {
    let isFirst = true;
    const wire = new Wire((_, ask) => {
      if (!isFirst) return ask();
      isFirst = false;
      return Promise.resolve(new Response('{}', { status: 429, headers: { ...JSON_TYPE, 'retry-after': '0' } }));
    });
    app.clock.advance('25h');
    expect((await clientOf(ada, wire).get('/auth/me')).ok).toBe(true);
    expect(wire.asked).toEqual(['GET /auth/me', 'GET /auth/me', 'POST /auth/refresh', 'GET /auth/me']);
  });

  it('is kept by a logout that the server could not do', async () => {
    const store = memoryTokens(ada);
    const wire = new Wire(() => Promise.resolve(new Response('{}', { status: 503, headers: JSON_TYPE })));
    expect((await new RoostClient({ url: app.url, tokens: store, fetch: wire.fetch }).logout()).ok).toBe(false);
    expect(await store.get()).toEqual(ada);
  });

  it('that has ended gives the refusal, and its tokens are forgotten', async () => {
    const store = memoryTokens(ada);
    const roost = new RoostClient({ url: app.url, tokens: store });
    await ada.api.post('/auth/logout');
    const answer = await roost.get('/users/me');
    expect(answer.ok || answer.problem.code).toBe('token_revoked');
    expect(await store.get()).toBeUndefined();
  });

  it('is kept while the server cannot refresh it', async () => {
    const store = memoryTokens(ada);
    const wire = new Wire((path, ask) =>
      path === '/auth/refresh' ? Promise.resolve(new Response('{}', { status: 503, headers: JSON_TYPE })) : ask(),
    );
    app.clock.advance('25h');
    expect((await new RoostClient({ url: app.url, tokens: store, fetch: wire.fetch }).get('/users/me')).status).toBe(
      503,
    );
    expect(await store.get()).toEqual(ada);
  });
});

describe('a personal access token', () => {
  const scripted = async (
    wire = plain(),
    more: CreateTokenRequest['scopes'] = [],
    who = ada,
  ): Promise<{ roost: RoostClient; id: string }> => {
    const body = { name: 'script', scopes: ['profile:read' as const, ...more], expires_in_days: 1 };
    const { id, token } = await unwrap(clientOf(who).post('/auth/tokens', { body }));
    const tokens = memoryTokens({ access_token: 'not this', refresh_token: 'nor this' });
    return { id, roost: new RoostClient({ url: app.url, token, tokens, fetch: wire.fetch }) };
  };

  it('is sent instead of the tokens of a session', async () => {
    const { roost } = await scripted();
    expect((await unwrap(roost.get('/users/me'))).id).toBe(ada.id);
    const refused = await roost.patch('/users/me', { body: { bio: 'x' } });
    expect(refused.ok || refused.problem.code).toBe('insufficient_scope');
  });

  it('is sent for lists, too', async () => {
    const { roost } = await scripted(plain(), ['admin:audit:read'], await staff(app, 'admin'));
    const ids: string[] = [];
    for await (const { id } of roost.list('/admin/audit', { query: { subject: ada.id, limit: 1 } })) ids.push(id);
    expect(ids).toHaveLength(2);
  });

  it('is sent for streams, too, and its refusal ends one', async () => {
    const wire = plain();
    const { roost, id } = await scripted(wire, ['timeline:read']);
    for await (const { type } of roost.stream()) {
      expect(type).toBe('reset');
      break;
    }
    await unwrap(clientOf(ada).delete('/auth/tokens/{id}', { path: { id } }));
    await expect(roost.stream().next()).rejects.toThrow(ProblemError);
    expect(wire.asked).toEqual(['GET /timeline/stream', 'GET /timeline/stream']);
  });

  it('is not refreshed: the refusal is the answer', async () => {
    const wire = plain();
    const { roost, id } = await scripted(wire);
    await unwrap(clientOf(ada).delete('/auth/tokens/{id}', { path: { id } }));
    const answer = await roost.get('/users/me');
    expect(answer.ok || answer.problem.code).toBe('token_revoked');
    expect(wire.asked).toEqual(['GET /users/me']);
  });
});

describe('a list', () => {
  it('is read page by page, to its end', async () => {
    for (let n = 0; n < 3; n += 1) await login(app, ada.email);
    const wire = plain();
    const actions: string[] = [];
    for await (const { action } of clientOf(ada, wire).list('/users/me/activity', { query: { limit: 2 } }))
      actions.push(action);
    expect(actions).toEqual([...Array<string>(4).fill('login.succeeded'), 'user.registered']);
    expect(wire.count('GET /users/me/activity')).toBe(3);
  });

  it('gives a page at a time, and asks for no more than are read', async () => {
    for (let n = 0; n < 3; n += 1) await login(app, ada.email);
    const wire = plain();
    const pages = clientOf(ada, wire).pages('/users/me/activity', { query: { limit: 2 } });
    const first = await pages.next();
    expect(first.value).toMatchObject([{ action: 'login.succeeded' }, { action: 'login.succeeded' }]);
    expect(wire.count('GET /users/me/activity')).toBe(1);
    const rest: number[] = [];
    for await (const page of pages) rest.push(page.length);
    expect(rest).toEqual([2, 1]);
  });

  it.each(['https://evil.example/x', '//evil.example/x'])(
    'does not follow the link %s to another origin, which would get the token',
    async (link) => {
      const wire = new Wire(async (_, ask) => {
        const answer = await ask();
        return new Response(await answer.text(), { headers: { link: `<${link}>; rel="next"` } });
      });
      const walk = async (): Promise<void> => {
        for await (const { id } of clientOf(ada, wire).list('/users/me/activity')) expect(id).toBeDefined();
      };
      await expect(walk()).rejects.toThrow('another origin');
      expect(wire.asked).toEqual(['GET /users/me/activity']);
    },
  );

  it('throws the problem of a page', async () => {
    const list = clientOf(ada).list('/users/me/activity', { query: { cursor: 'x' } });
    await expect(list.next()).rejects.toMatchObject({ problem: { code: 'validation_failed' } });
  });
});

describe('a stream', () => {
  async function read(stream: AsyncGenerator<StreamEvent>, count: number): Promise<string[]> {
    const texts: string[] = [];
    for (let index = 0; index < count; index += 1) {
      const { value } = (await stream.next()) as { value: StreamEvent };
      texts.push(value.type === 'post' ? value.post.text : value.type);
    }
    return texts;
  }

  const post = (text: string): Promise<unknown> => ada.api.post('/posts', { text });

  it('goes on after a cut, without a gap or a double', async () => {
    const wire = plain();
    const stream = clientOf(ada, wire).stream();
    expect(await read(stream, 1)).toEqual(['reset']);
    await post('one');
    expect(await read(stream, 1)).toEqual(['one']);
    wire.cut();
    await post('two');
    await post('three');
    expect(await read(stream, 2)).toEqual(['two', 'three']);
    await stream.return(undefined);
  });

  it('goes on after the expiry of its token', async () => {
    const wire = plain();
    const stream = clientOf(ada, wire).stream();
    expect(await read(stream, 1)).toEqual(['reset']);
    const next = read(stream, 1);
    app.clock.advance('25h');
    await eventually(() => wire.count('POST /auth/refresh') === 1);
    const { access_token } = (await app.api.post('/auth/login', { email: ada.email, password: PASSWORD })).body;
    await app.api.as(access_token).post('/posts', { text: 'later' });
    expect(await next).toEqual(['later']);
    await stream.return(undefined);
  });

  it('ends with its session, and by its signal', async () => {
    const ended = clientOf(ada).stream();
    expect(await read(ended, 1)).toEqual(['reset']);
    const next = ended.next();
    await ada.api.post('/auth/logout');
    await expect(next).rejects.toMatchObject({ problem: { code: 'token_revoked' } });

    const bob = await person(app, 'bob');
    const abort = new AbortController();
    const stream = clientOf(bob).stream({ signal: abort.signal });
    expect(await read(stream, 1)).toEqual(['reset']);
    const aborted = stream.next();
    abort.abort();
    await expect(aborted).rejects.toThrow('aborted');
  });
});

describeInBrowser('in a browser', () => {
  it('does the same', async () => {
    const browser = await openBrowser();
    try {
      const page = await browser.newPage();
      await page.route('**/client/*', (route) =>
        route.fulfill({
          contentType: 'text/javascript',
          body: compiled(new URL(route.request().url()).pathname.replace('/client/', '')),
        }),
      );
      await page.route('**/blank', (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }));
      await page.goto(`${app.url}/blank`);
      const seen = await page.evaluate(`(async () => {
        const { RoostClient, storedTokens } = await import('/client/index.js');
        const roost = new RoostClient({ url: location.origin, tokens: storedTokens(localStorage) });
        await roost.login({ email: '${ada.email}', password: '${PASSWORD}' });
        await roost.patch('/users/me', { body: { bio: 'in a browser' } });
        const { data } = await roost.get('/users/me');
        const found = [];
        for await (const { action } of roost.list('/users/me/activity', { query: { limit: 1 } })) found.push(action);
        await roost.logout();
        return [data.bio, ...found, String(localStorage.length)];
      })()`);
      expect(seen).toEqual(['in a browser', 'login.succeeded', 'login.succeeded', 'user.registered', '0']);
    } finally {
      await browser.close();
    }
  });
});
