/** Guessing at passwords: how often, from where, at whom, and who is not kept out by it. */
import { connect } from 'node:net';
import { availableParallelism } from 'node:os';

import bcrypt from 'bcrypt';
import { DataSource } from 'typeorm';

import { HashQueue } from '../../src/auth/hashing/hash-queue.js';
import { LoginGuard } from '../../src/auth/login-guard/login-guard.js';
import type { Config } from '../../src/config/config.js';
import { CONFIG } from '../../src/config/config.module.js';
import type { Answer } from '../support/api.js';
import { TestApp } from '../support/app.js';
import { auditOf, audited } from '../support/audit.js';
import { mailedToken, mailsTo } from '../support/mailbox.js';
import { PASSWORD, person, type Person, staff, type Tokens } from '../support/people.js';
import { expectProblem } from '../support/problems.js';
import { eventually } from '../support/process.js';
import { Relay } from '../support/relay.js';
import { refresh } from '../support/sessions.js';

const GUARDED = { LOGIN_GUARD: 'on', TRUST_PROXY: '127.0.0.1/32' };
/** Where people register and log in unless they say otherwise. */
const HOME = '127.0.0.1';

type Identifier = { email: string } | { username: string };

interface Counter {
  readonly count: number;
  readonly blocked_until: Date | null;
}

describe('the login guard', () => {
  let app: TestApp;
  let other: TestApp;
  let ada: Person;
  let addresses = 0;
  let names = 0;

  beforeAll(async () => {
    app = await TestApp.start({ env: GUARDED });
    other = await instance({});
  });

  afterAll(async () => {
    await other.stop();
    await app.stop();
  });

  beforeEach(async () => {
    await app.pool.query('TRUNCATE login_failures, known_addresses');
    app.log.length = 0;
    ada = await person(app, 'ada');
  });

  /** Another instance on the same database, in the same time. */
  async function instance(env: Record<string, string>, sharing = app): Promise<TestApp> {
    const started = await TestApp.start({ env: { ...GUARDED, ...env }, sharing });
    Object.defineProperty(started.clock, 'offsetMs', { get: () => app.clock.offsetMs });
    return started;
  }

  /** Where nobody was before. */
  const elsewhere = (): string => `198.51.${(addresses += 1) >> 8}.${addresses & 255}`;
  const nobody = (): string => `nobody_${(names += 1)}`;
  const email = (): Identifier => ({ email: ada.email });

  const login = (who: Identifier, from: string, { password = PASSWORD, at = app } = {}): Promise<Answer> =>
    at.api.with({ 'x-forwarded-for': from }).post('/auth/login', { ...who, password });
  const guess = (who: Identifier, from: string, at = app): Promise<Answer> =>
    login(who, from, { password: 'wrong', at });

  async function guesses(times: number, who: Identifier, from: () => string): Promise<number[]> {
    const statuses = [];
    for (let n = 0; n < times; n += 1) statuses.push((await guess(who, from())).status);
    return statuses;
  }

  const counters = async (): Promise<Counter[]> =>
    (
      await app.pool.query<Counter>(
        'SELECT count, blocked_until FROM login_failures WHERE count > 0 ORDER BY count, blocked_until',
      )
    ).rows;
  const counts = async (): Promise<number[]> => (await counters()).map(({ count }) => count);

  /** Seconds; of the counter that counted last. */
  async function lastPause(): Promise<number> {
    const { rows } = await app.pool.query<{ seconds: number }>(
      `SELECT extract(epoch FROM blocked_until - counted_at)::float8 AS seconds
         FROM login_failures WHERE blocked_until IS NOT NULL ORDER BY counted_at DESC LIMIT 1`,
    );
    return Math.round(rows[0]?.seconds ?? 0);
  }

  /** Guesses twice at different addresses first, so that the account's counter is the one with the highest count. */
  async function accountAt(count: number, who: Identifier): Promise<void> {
    await guesses(2, who, elsewhere);
    await app.pool.query('UPDATE login_failures SET blocked_until = NULL, count = $1 WHERE count = 2', [count]);
  }

  async function pairAt(count: number, who: Identifier, from: string): Promise<void> {
    expect((await guess(who, from)).status).toBe(401);
    await app.pool.query('UPDATE login_failures SET count = $1', [count]);
  }

  /** Within the time that a slow machine may take. */
  function expectWait(answer: Answer, seconds: number): void {
    expectProblem(answer, 429, 'rate_limited');
    const wait = Number(answer.headers.get('retry-after'));
    expect(wait).toBeLessThanOrEqual(seconds);
    expect(wait).toBeGreaterThanOrEqual(Math.max(1, seconds - 5));
  }

  async function hashes(during: () => Promise<unknown>): Promise<number> {
    const compare = jest.spyOn(bcrypt, 'compare');
    try {
      await during();
      return compare.mock.calls.length;
    } finally {
      compare.mockRestore();
    }
  }

  describe('of an address', () => {
    it('lets five wrong passwords through, and then one after each pause, from 1 s doubling to 15 min [V6.3.1]', async () => {
      const from = elsewhere();
      expect(await guesses(5, email(), () => from)).toEqual([401, 401, 401, 401, 401]);
      for (const pause of [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]) {
        expect(await lastPause()).toBe(pause);
        // A shorter one may be over when the next guess comes.
        if (pause > 2) expectWait(await guess(email(), from), pause);
        app.clock.advance(`${pause}s`);
        expect((await guess(email(), from)).status).toBe(401);
      }
    });

    it('refuses the right password too while it pauses, without a hash, and takes it afterwards', async () => {
      const from = elsewhere();
      await pairAt(14, email(), from);
      await guess(email(), from);
      expect(await hashes(async () => expectWait(await login(email(), from), 900))).toBe(0);
      app.clock.advance('15m');
      expect((await login(email(), from)).status).toBe(200);
    });

    it('neither counts nor prolongs for who hammers while it pauses', async () => {
      const from = elsewhere();
      await pairAt(14, email(), from);
      await guess(email(), from);
      const before = await counters();
      app.clock.advance('10m');
      for (let n = 0; n < 20; n += 1) expectWait(await guess(email(), from), 300);
      expect(await counters()).toEqual(before);
      app.clock.advance('5m');
      expect((await guess(email(), from)).status).toBe(401);
    });

    it('begins anew after the right password', async () => {
      const from = elsewhere();
      await guesses(4, email(), () => from);
      expect((await login(email(), from)).status).toBe(200);
      expect(await guesses(5, email(), () => from)).toEqual([401, 401, 401, 401, 401]);
    });

    it('begins anew 24 hours after the last wrong one', async () => {
      const from = elsewhere();
      await pairAt(40, email(), from);
      await guess(email(), from);
      app.clock.advance('23h');
      expect((await guess(email(), from)).status).toBe(401);
      expectWait(await guess(email(), from), 900);
      app.clock.advance('24h');
      expect(await guesses(4, email(), () => from)).toEqual([401, 401, 401, 401]);
    });

    it.each([
      ['in an IPv6 network of /64', (n: number) => `2001:db8:0:1::${n.toString(16)}`],
      ['in other spellings', (n: number) => ['2001:db8:0:2::1', '2001:0DB8:0:2:0::1', '2001:db8:0:2::0.0.0.9'][n % 3]],
      ['as IPv4 in IPv6', (n: number) => ['203.0.113.77', '::ffff:203.0.113.77', '::FFFF:cb00:714d'][n % 3]],
      ['that are none', (n: number) => `no address ${n}`],
    ])('takes addresses %s for one', async (_, spelled) => {
      let n = 0;
      const from = (): string => spelled((n += 1)) ?? '';
      expect(await guesses(5, email(), from)).toEqual([401, 401, 401, 401, 401]);
      expect(Math.max(...(await counts()))).toBe(5);
      expect(await counts()).toHaveLength(2);
      await app.pool.query('UPDATE login_failures SET count = 14, blocked_until = NULL');
      expect(await guesses(4, email(), from)).toEqual([401, 429, 429, 429]);
    });

    it('does not believe X-Forwarded-For of who is not a trusted proxy [T30]', async () => {
      const direct = await instance({ TRUST_PROXY: '' });
      try {
        for (let n = 0; n < 5; n += 1)
          expect((await guess({ username: 'nobody' }, elsewhere(), direct)).status).toBe(401);
        await direct.pool.query('UPDATE login_failures SET count = 14, blocked_until = NULL');
        expect((await guess({ username: 'nobody' }, elsewhere(), direct)).status).toBe(401);
        expectWait(await guess({ username: 'nobody' }, elsewhere(), direct), 900);
      } finally {
        await direct.stop();
      }
    });
  });

  describe('of an account', () => {
    it('lets twenty wrong passwords through from all unknown addresses together, and then pauses [V6.3.1]', async () => {
      expect(await guesses(20, email(), elsewhere)).toEqual(Array(20).fill(401));
      for (const pause of [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]) {
        expect(await lastPause()).toBe(pause);
        // A shorter one may be over when the next guess comes.
        if (pause > 2) expectWait(await guess(email(), elsewhere()), pause);
        app.clock.advance(`${pause}s`);
        expect((await guess(email(), elsewhere())).status).toBe(401);
      }
    });

    it.each([
      [4, 0],
      [5, 1],
    ])('tells the owner of the right password after %i wrong ones in %i mails [V6.3.5]', async (wrong, mails) => {
      await app.pool.query('TRUNCATE known_addresses');
      await guesses(wrong, email(), elsewhere);
      expect((await login(email(), elsewhere())).status).toBe(200);
      const told = async (): Promise<unknown[]> => mailsTo(app, ada.email, 'A login after several wrong passwords');
      await eventually(async () => (await told()).length >= mails);
      expect(await told()).toHaveLength(mails);
    });

    it('does not keep its owner out of where she was before [T21] [V6.3.1]', async () => {
      await accountAt(40, email());
      await guess(email(), elsewhere());
      expect(await guesses(2, email(), () => HOME)).toEqual([401, 401]);
      expect((await login(email(), HOME)).status).toBe(200);
      expect((await login({ username: ada.username }, HOME)).status).toBe(200);
    });

    it('does not count what is mistyped where she was before', async () => {
      await guesses(2, email(), () => HOME);
      expect(await counts()).toEqual([2]);
    });

    it('gives who guesses elsewhere nothing when its owner logs in', async () => {
      await accountAt(40, email());
      await guess(email(), elsewhere());
      expect((await login(email(), HOME)).status).toBe(200);
      expectWait(await guess(email(), elsewhere()), 900);
      expect(await counts()).toContain(41);
    });

    it('does not count the right password, from wherever it comes', async () => {
      await guesses(3, email(), elsewhere);
      expect((await login(email(), elsewhere())).status).toBe(200);
      expect(await counts()).toEqual([1, 1, 1, 3]);
      await accountAt(40, { username: ada.username });
      expect((await login({ username: ada.username }, elsewhere())).status).toBe(200);
      expect((await guess({ username: ada.username }, elsewhere())).status).toBe(401);
      expect(await counts()).toContain(41);
    });

    it('is nothing to a guess that its address refuses', async () => {
      const from = elsewhere();
      await pairAt(14, email(), from);
      await guesses(20, email(), () => from);
      expect(await counts()).toEqual([15, 15]);
    });

    it('waits after a hundred in a row for its owner, where she was before, and not for time [R23]', async () => {
      const username = nobody();
      for (const who of [email(), { username }]) {
        await app.pool.query('TRUNCATE login_failures');
        await accountAt(98, who);
        expect((await guess(who, elsewhere())).status).toBe(401);
        app.clock.advance('15m');
        expect((await guess(who, elsewhere())).status).toBe(401);
        expect(await counts()).toContain(100);
        app.clock.advance('25h');
        expectWait(await guess(who, elsewhere()), 30 * 86_400 - 25 * 3_600);
        expectWait(await login(who, elsewhere()), 30 * 86_400 - 25 * 3_600);
        app.clock.advance('29d');
        expect((await guess(who, elsewhere())).status).toBe(401);
        expect(await counts()).toContain(1);
      }
    });

    it('lets its owner in after a hundred, and opens to others only by a reset [R23] [T21]', async () => {
      await accountAt(99, email());
      await guess(email(), elsewhere());
      expect((await login(email(), HOME)).status).toBe(200);
      expect((await login(email(), elsewhere())).status).toBe(429);
      await app.nestApp.get(LoginGuard).forget(app.nestApp.get(DataSource).manager, ada);
      expect((await login(email(), elsewhere())).status).toBe(200);
    });

    it('begins anew after 24 hours below a hundred', async () => {
      await accountAt(97, email());
      await guess(email(), elsewhere());
      app.clock.advance('24h');
      expect(await guesses(3, email(), elsewhere)).toEqual([401, 401, 401]);
      expect(await counts()).toContain(3);
    });

    it('is counted by e-mail and by username apart, each without regard to case', async () => {
      const spell = (text: string) => (n: number) => (n % 2 ? text : text.toUpperCase());
      const [byEmail, byUsername] = [spell(ada.email), spell(ada.username)];
      for (let n = 0; n < 4; n += 1) {
        expect((await guess({ email: byEmail(n) }, elsewhere())).status).toBe(401);
        expect((await guess({ username: byUsername(n) }, elsewhere())).status).toBe(401);
      }
      expect(await counts()).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 4, 4]);
    });

    it('is one by e-mail, however the domain is written', async () => {
      for (const domain of ['bücher.example', 'BÜCHER.example', 'xn--bcher-kva.example', 'bu\u0308cher.example'])
        expect((await guess({ email: `ada@${domain}` }, elsewhere())).status).toBe(401);
      expect(await counts()).toEqual([1, 1, 1, 1, 4]);
    });
  });

  describe('gives nobody away [T20]', () => {
    const comparable = ({ status, headers, body }: Answer): unknown => ({
      status,
      headers: [...headers].filter(([name]) => !['date', 'x-request-id', 'retry-after'].includes(name)),
      body: { ...body, request_id: '' },
    });

    async function transcript(who: Identifier, from: () => string, times: number): Promise<unknown[]> {
      const answers = [];
      for (let n = 0; n < times; n += 1) {
        const answer = await guess(who, from());
        answers.push(comparable(answer));
        if (answer.status === 429) app.clock.advance('15m');
      }
      return answers;
    }

    it.each([
      ['one address', 12, () => (): string => '192.0.2.1'],
      ['many addresses', 30, () => elsewhere],
    ])('from %s: the same answers at the same count', async (_, times, from) => {
      const people = [
        email(),
        { username: ada.username },
        { email: `${nobody()}@example.org` },
        { username: nobody() },
      ];
      const transcripts = [];
      for (const who of people) transcripts.push(await transcript(who, from(), times));
      for (const each of transcripts) expect(each).toEqual(transcripts[0]);
      expect(JSON.stringify(transcripts)).toContain('rate_limited');
    });

    it('counts in the same rows, and asks the database as often [T19] [V6.3.8]', async () => {
      const query = jest.spyOn(app.nestApp.get(DataSource).manager, 'query');
      try {
        const asked = [];
        for (const who of [email(), { email: `${nobody()}@example.org` }]) {
          query.mockClear();
          await guess(who, elsewhere());
          const statements = query.mock.calls.map(([statement]) => statement);
          asked.push(statements.filter((statement) => /login_failures|audit_/.test(statement)));
        }
        // One counts the guess, and one tells the audit of it.
        expect(asked[0]).toHaveLength(2);
        expect(asked[1]).toEqual(asked[0]);
      } finally {
        query.mockRestore();
      }
      expect(await counts()).toEqual([1, 1, 1, 1]);
    });

    it('stores neither names nor addresses', async () => {
      await guess(email(), '203.0.113.99');
      await login(email(), '203.0.113.98');
      const rows = await app.pool.query(
        'SELECT row_to_json(f)::text AS row FROM login_failures f UNION ALL SELECT row_to_json(k)::text FROM known_addresses k',
      );
      expect(rows.rowCount).toBe(4);
      const texts = JSON.stringify(rows.rows);
      for (const secret of [ada.email, ada.username, ada.id, '203.0.113'])
        for (const written of [secret, Buffer.from(secret).toString('hex')]) expect(texts).not.toContain(written);
    });

    it('says in the log what was refused, and whose it was only by id', async () => {
      const from = elsewhere();
      await pairAt(14, email(), from);
      await guess(email(), from);
      await guess(email(), from);
      await guess({ username: nobody() }, from);
      const lines = app.log.map((line) => JSON.parse(line) as Record<string, unknown>);
      const events = lines.filter(({ event }) => event === 'login_refused' || event === 'login_throttled');
      expect(events).toEqual([
        expect.objectContaining({ event: 'login_refused', code: 'invalid_credentials', user: ada.id }),
        expect.objectContaining({ event: 'login_refused', code: 'invalid_credentials', user: ada.id }),
        expect.objectContaining({ event: 'login_throttled', retry_after: 900, ip: from, user: ada.id }),
        expect.not.objectContaining({ user: expect.anything() }),
      ]);
      expect(app.log.join('')).not.toMatch(new RegExp(`${ada.email}|${ada.username}|nobody_|wrong`));
    });
  });

  describe('in a race', () => {
    /** What a pause that ends meanwhile lets through in so many seconds: the pauses are 1, 2, 4, … */
    const late = (sinceMs: number): number => Math.floor(Math.log2((performance.now() - sinceMs) / 1_000 + 1));

    async function fifty(who: Identifier, from: () => string): Promise<{ wrong: number; refused: number }> {
      const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => guess(who, from(), n % 2 ? app : other)));
      const of = (wanted: number): number => answers.filter(({ status }) => status === wanted).length;
      return { wrong: of(401), refused: of(429) };
    }

    it.each([
      ['an account', (): Identifier => ({ email: ada.email })],
      ['nobody', (): Identifier => ({ username: nobody() })],
    ])('lets five of fifty guesses at %s through from one address, on two instances', async (_, who) => {
      const [from, started] = [elsewhere(), performance.now()];
      let seen = { wrong: 0, refused: 0 };
      const hashed = await hashes(async () => (seen = await fifty(who(), () => from)));
      expect(seen.wrong).toBeGreaterThanOrEqual(5);
      expect(seen.wrong).toBeLessThanOrEqual(5 + late(started));
      expect([seen.wrong + seen.refused, hashed, await counts()]).toEqual([50, seen.wrong, [seen.wrong, seen.wrong]]);
    });

    it('lets one of fifty through after a pause', async () => {
      const from = elsewhere();
      await pairAt(14, email(), from);
      expect(await fifty(email(), () => from)).toEqual({ wrong: 1, refused: 49 });
    });

    it('lets twenty of fifty through from fifty addresses, and counts no other', async () => {
      const started = performance.now();
      const { wrong, refused } = await fifty(email(), elsewhere);
      expect(wrong).toBeGreaterThanOrEqual(20);
      expect(wrong).toBeLessThanOrEqual(20 + late(started));
      expect(wrong + refused).toBe(50);
      expect(await counts()).toEqual([...Array<number>(wrong).fill(1), wrong]);
    });

    it('gives the pair back when another guess closes the account in between', async () => {
      await accountAt(39, email());
      const holder = await app.pool.connect();
      const waiting = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
      try {
        await holder.query('BEGIN');
        await holder.query('SELECT FROM login_failures WHERE count = 39 FOR UPDATE');
        const answers = Promise.all(Array.from({ length: 3 }, () => guess(email(), elsewhere())));
        await eventually(async () => (await app.pool.query(waiting)).rowCount === 3);
        await holder.query('COMMIT');
        expect((await answers).map(({ status }) => status).sort()).toEqual([401, 429, 429]);
      } finally {
        await holder.query('ROLLBACK');
        holder.release();
      }
      expect(await counts()).toEqual([1, 1, 1, 40]);
    });

    it('comes to no deadlock when right, wrong and refused ones and refreshes meet [V15.4.3]', async () => {
      const capped = await instance({ SESSIONS_PER_USER: '2' });
      try {
        const from = [elsewhere(), elsewhere(), HOME];
        let { refresh_token: token } = ada;
        const answers = await Promise.all(
          Array.from({ length: 60 }, async (_, n) => {
            const at = from[n % 3] ?? HOME;
            if (n % 4 === 0) return guess(email(), at, capped);
            if (n % 4 === 1) return login(email(), at, { at: capped });
            if (n % 4 === 2) return login({ username: ada.username }, at, { at: capped });
            const answer = await refresh(capped, token);
            if (answer.status === 200) token = answer.body.refresh_token as string;
            return answer;
          }),
        );
        expect(answers.filter(({ status }) => ![200, 401, 429].includes(status))).toEqual([]);
      } finally {
        await capped.stop();
      }
    });
  });

  describe('takes a guess back', () => {
    it('that a full queue refused', async () => {
      const from = elsewhere();
      await pairAt(3, email(), from);
      await overloaded(5, from);
      expect(await counts()).toEqual([3, 3]);
      expect(await guesses(2, email(), () => from)).toEqual([401, 401]);
    });

    it('that a full queue refused after a pause, with the pause', async () => {
      const from = elsewhere();
      await pairAt(30, email(), from);
      await overloaded(2, from);
      expect(await counts()).toEqual([30, 30]);
      expect((await login(email(), from)).status).toBe(200);
    });

    it('of a client that hung up while it waited, and not of one that hung up in mid-hash', async () => {
      const [queue, from] = [app.nestApp.get(HashQueue), elsewhere()];
      await app.pool.query('UPDATE users SET hashed_password = $1 WHERE id = $2', [
        await bcrypt.hash(PASSWORD, 12),
        ada.id,
      ]);
      const [wait, compare] = [jest.spyOn(queue, 'run'), jest.spyOn(bcrypt, 'compare')];
      let end = (): void => undefined;
      const over = new Promise<void>((resolve) => (end = resolve));
      try {
        const hashing = hangUp(from);
        await eventually(() => compare.mock.calls.length === 1);
        hashing();
        await eventually(() => app.log.some((line) => line.includes('login_refused')));
        expect(await counts()).toEqual([1, 1]);

        const turn = wait.mock.calls.length + availableParallelism();
        for (let core = 0; core < availableParallelism(); core += 1) void queue.run(() => over);
        const waiting = hangUp(from);
        await eventually(() => wait.mock.calls.length > turn);
        expect(await counts()).toEqual([2, 2]);
        waiting();
        await eventually(() => wait.mock.calls[turn]?.[1]?.() === true);
        end();
        await eventually(async () => (await counts()).join() === '1,1');
        expect(compare).toHaveBeenCalledTimes(1);
      } finally {
        end();
        wait.mockRestore();
        compare.mockRestore();
      }
    });

    /** So many logins while others keep all cores and the queue. */
    async function overloaded(times: number, from: string): Promise<void> {
      const queue = app.nestApp.get(HashQueue);
      let end = (): void => undefined;
      const over = new Promise<void>((resolve) => (end = resolve));
      while (!queue.isFull) void queue.run(() => over);
      try {
        for (let n = 0; n < times; n += 1) expect((await login(email(), from)).status).toBe(503);
      } finally {
        end();
      }
      await eventually(() => !queue.isFull);
    }

    /** Sends a wrong password. @returns what hangs up */
    function hangUp(from: string): () => void {
      const socket = connect(Number(new URL(app.url).port), '127.0.0.1');
      const body = JSON.stringify({ email: ada.email, password: 'wrong' });
      const fields = ['Host: 127.0.0.1', `X-Forwarded-For: ${from}`, 'Content-Type: application/json'];
      socket.write(
        ['POST /api/v1/auth/login HTTP/1.1', ...fields, `Content-Length: ${body.length}`, '', body].join('\r\n'),
      );
      return () => socket.destroy();
    }
  });

  describe('knows an address', () => {
    /** Whether somebody may log in there while the account pauses. */
    async function isKnown(from: string): Promise<boolean> {
      await app.pool.query('TRUNCATE login_failures');
      await accountAt(40, email());
      await guess(email(), elsewhere());
      return (await login(email(), from)).status === 200;
    }

    it('after a login, also in the whole IPv6 network', async () => {
      expect(await isKnown('2001:db8:7:7::1')).toBe(false);
      await app.pool.query('TRUNCATE login_failures');
      await login(email(), '2001:db8:7:7::1');
      expect(await isKnown('2001:db8:7:7:ffff::2')).toBe(true);
      expect(await isKnown('2001:db8:7:8::1')).toBe(false);
    });

    it('never after a refresh, also at a changed address', async () => {
      const from = elsewhere();
      const away = app.api.with({ 'x-forwarded-for': from });
      const { body } = await away.post('/auth/refresh', { refresh_token: ada.refresh_token });
      app.clock.advance('2d');
      expect((await away.post('/auth/refresh', { refresh_token: body.refresh_token })).status).toBe(200);
      expect(await isKnown(from)).toBe(false);
      expect(await isKnown(HOME)).toBe(true);
    });

    describe('until the session that was started there is revoked', () => {
      const RESET = 'Choose a new password';
      let from: string;
      let session: Tokens;

      beforeEach(async () => {
        from = elsewhere();
        session = (await login(email(), from)).body as Tokens;
      });

      const idOf = async ({ access_token }: Tokens): Promise<string> => {
        const { body } = await app.api.as(access_token).get('/auth/sessions');
        return (body as { id: string; current: boolean }[]).find(({ current }) => current)?.id ?? '';
      };

      const reset = async (): Promise<Answer> => {
        await app.api.post('/auth/password/forgot', { email: ada.email });
        const token = await mailedToken(app, ada.email, RESET);
        return app.api.post('/auth/password/reset', { token, new_password: PASSWORD });
      };

      it.each<[string, () => Promise<Answer>]>([
        ['a logout everywhere', () => ada.api.post('/auth/logout', { scope: 'global' })],
        ['a logout of all others', () => ada.api.post('/auth/logout', { scope: 'others' })],
        ['the end of that session by another', async () => ada.api.delete(`/auth/sessions/${await idOf(session)}`)],
        [
          'a change of the password',
          async () => {
            const changed = { current_password: PASSWORD, new_password: 'engine no. 2' };
            await ada.api.put('/auth/password', changed);
            return ada.api.put('/auth/password', { current_password: 'engine no. 2', new_password: PASSWORD });
          },
        ],
        ['a reset', reset],
        [
          'a ban',
          async () => {
            const { api } = await staff(app, 'moderator');
            await api.post(`/admin/users/${ada.id}/disable`, { reason: 'x' });
            return api.post(`/admin/users/${ada.id}/enable`);
          },
        ],
        [
          'the reuse of its refresh token',
          async () => {
            const { body } = await refresh(app, session.refresh_token);
            await refresh(app, body.refresh_token as string);
            app.clock.advance('1h');
            const answer = await refresh(app, session.refresh_token);
            expectProblem(answer, 401, 'refresh_token_reused');
            return app.api.get('/health/live');
          },
        ],
      ])('%s', async (_, act) => {
        expect((await act()).status).toBeLessThan(300);
        expect(await isKnown(from)).toBe(false);
      });

      it('but not when it is only logged out', async () => {
        await app.api.as(session.access_token).post('/auth/logout');
        expect(await isKnown(from)).toBe(true);
      });

      it('but not when another is', async () => {
        await app.api.as(session.access_token).delete(`/auth/sessions/${await idOf(ada)}`);
        expect(await isKnown(from)).toBe(true);
        expect(await isKnown(HOME)).toBe(false);
      });
    });

    it('not after a wrong password, and not for another account', async () => {
      const [from, bob] = [elsewhere(), await person(app, 'bob')];
      await guess(email(), from);
      await login({ email: bob.email }, from);
      expect(await isKnown(from)).toBe(false);
    });

    it('for 90 days after the last login there', async () => {
      app.clock.advance('80d');
      await login(email(), HOME);
      app.clock.advance('89d');
      expect(await isKnown(HOME)).toBe(true);
      app.clock.advance('91d');
      expect(await isKnown(HOME)).toBe(false);
    });

    it('by the secret before, too, while secrets rotate', async () => {
      const { secret } = app.nestApp.get<Config>(CONFIG).tokens;
      const rotated = await instance({
        JWT_SECRET: 'another-key-of-the-tests-for-the-rotation',
        JWT_SECRET_PREVIOUS: secret,
      });
      try {
        for (let n = 0; n < 20; n += 1) await guess(email(), elsewhere(), rotated);
        await app.pool.query(`UPDATE login_failures SET blocked_until = now() + interval '10 years' WHERE count = 20`);
        expect((await login(email(), elsewhere(), { at: rotated })).status).toBe(429);
        expect((await login(email(), HOME, { at: rotated })).status).toBe(200);
      } finally {
        await rotated.stop();
      }
    });

    it('only while it is among the twenty newest', async () => {
      const first = elsewhere();
      await login(email(), first);
      for (let n = 0; n < 19; n += 1) await login(email(), elsewhere());
      expect((await app.pool.query('SELECT FROM known_addresses')).rowCount).toBe(20);
      expect(await isKnown(HOME)).toBe(false);
      expect(await isKnown(first)).toBe(true);
      await Promise.all(Array.from({ length: 10 }, () => login({ username: ada.username }, elsewhere())));
      await login({ username: ada.username }, elsewhere());
      expect((await app.pool.query('SELECT FROM known_addresses')).rowCount).toBe(20);
    });
  });

  describe('in the audit', () => {
    const throttled = async (work: () => Promise<unknown>): Promise<unknown[]> =>
      (await audited(app, work)).filter(({ action }) => action === 'login.throttled');

    it('tells once of each pause, however often one asks and of however many instances [V16.3.3]', async () => {
      const from = elsewhere();
      await pairAt(13, email(), from);
      for (let pause = 1; pause <= 2; pause += 1) {
        expect((await guess(email(), from)).status).toBe(401);
        const rows = await throttled(() =>
          Promise.all(Array.from({ length: 20 }, (_, n) => guess(email(), from, n % 2 ? other : app))),
        );
        expect(rows).toMatchObject([
          { actor_id: null, subject_id: ada.id, ip: from, after: { seconds: expect.any(Number) } },
        ]);
        app.clock.advance('15m');
      }
    });

    it('tells once of an account that is closed to all addresses', async () => {
      await accountAt(29, email());
      await guess(email(), elsewhere());
      const rows = await throttled(async () => {
        for (let n = 0; n < 5; n += 1) expect((await guess(email(), elsewhere())).status).toBe(429);
      });
      expect(rows).toHaveLength(1);
    });

    it('tells the same of an account that does not exist, of nobody', async () => {
      const [from, username] = [elsewhere(), nobody()];
      await pairAt(13, { username }, from);
      await guess({ username }, from);
      const rows = await throttled(async () => {
        for (let n = 0; n < 3; n += 1) expect((await guess({ username }, from)).status).toBe(429);
      });
      expect(rows).toMatchObject([{ actor_id: null, subject_id: null, ip: from }]);
      expect(JSON.stringify(rows)).not.toContain(username);
    });

    it('tells nothing of a wrong password that only begins a pause', async () => {
      const from = elsewhere();
      await guesses(5, email(), () => from);
      expect((await auditOf(app, ada.id)).map(({ action }) => action)).not.toContain('login.throttled');
    });
  });

  it('counts the current password of a change in the same rows, so that a stolen token does not help to guess it [V6.2.3]', async () => {
    const from = elsewhere();
    const change = (current_password: string): Promise<Answer> =>
      ada.api
        .with({ 'x-forwarded-for': from })
        .put('/auth/password', { current_password, new_password: 'another good one' });
    expect(await guesses(3, email(), () => from)).toEqual([401, 401, 401]);
    for (let n = 0; n < 2; n += 1) expectProblem(await change('wrong'), 403, 'wrong_password');
    await app.pool.query(`UPDATE login_failures SET blocked_until = blocked_until + interval '299 s'`);
    expectWait(await change(PASSWORD), 300);
    expectWait(await login(email(), from), 300);
    expect((await login(email(), HOME)).status).toBe(200);
  });

  it('holds one address that tries many accounts to the general limit', async () => {
    const limited = await instance({ RATE_LIMIT: 'on' });
    try {
      const from = elsewhere();
      const seen = await Promise.all(Array.from({ length: 61 }, () => guess({ username: nobody() }, from, limited)));
      expect(seen.filter(({ status }) => status === 401)).toHaveLength(60);
    } finally {
      await limited.stop();
    }
  });

  it('counts nothing when it is off', async () => {
    const open = await instance({ LOGIN_GUARD: 'off' });
    try {
      const from = elsewhere();
      for (let n = 0; n < 25; n += 1) expect((await guess(email(), from, open)).status).toBe(401);
      expect(await counts()).toEqual([]);
      expect(open.log.join('')).toContain('login_refused');
    } finally {
      await open.stop();
    }
  });

  it('refuses with 503, and lets nobody guess, while the database is away [V16.5.3]', async () => {
    const relay = await Relay.to(app.databaseUrl);
    const cut = await instance({}, Object.assign(Object.create(app) as TestApp, { databaseUrl: relay.url }));
    try {
      expect((await guess(email(), elsewhere(), cut)).status).toBe(401);
      await relay.cut();
      await hashes(async () => {
        const answer = await guess(email(), elsewhere(), cut);
        expectProblem(answer, 503, 'database_unavailable');
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      }).then((made) => expect(made).toBe(0));
      await relay.restore();
      await eventually(async () => (await guess(email(), elsewhere(), cut)).status === 401);
    } finally {
      await cut.stop();
      await relay.cut();
    }
  });
});
