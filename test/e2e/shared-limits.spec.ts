/** Rate limits that instances share through Redis, and what becomes of them when it goes away. */
import { PATIENCE } from '../../src/limits/shared-counters.js';
import type { Answer } from '../support/api.js';
import { TestApp } from '../support/app.js';
import { expectProblem } from '../support/problems.js';
import { eventually } from '../support/process.js';
import { HAS_REDIS, RedisServer } from '../support/redis.js';
import { Relay } from '../support/relay.js';

const USUAL = { ...PATIENCE };
/** A busy machine answers late, and is not away. */
Object.assign(PATIENCE, { answer: 60_000, start: 10_000 });

const withRedis = HAS_REDIS ? describe : describe.skip;

withRedis('shared limits (skipped without a redis-server on the PATH)', () => {
  let redis: RedisServer;
  let owner: TestApp;
  const instances: TestApp[] = [];

  beforeAll(async () => {
    owner = await TestApp.start();
  });

  afterAll(() => owner.stop());

  beforeEach(async () => {
    redis = await RedisServer.onFreePort();
  });

  afterEach(async () => {
    for (const instance of instances.splice(0)) await instance.stop();
    await redis.remove();
    jest.restoreAllMocks();
  });

  /** Before an instance of a test in which Redis does not answer. */
  function bePatientNoMore(): void {
    jest.replaceProperty(PATIENCE, 'answer', 1_000);
  }

  async function instance(url = redis.url): Promise<TestApp> {
    const started = await TestApp.start({ env: { RATE_LIMIT: 'on', REDIS_URL: url }, sharing: owner });
    instances.push(started);
    return started;
  }

  /** Counted against 20 an hour. */
  const register = (at: TestApp): Promise<Answer> => at.api.post('/auth/register', {});

  /** How many more registrations the address has. */
  async function left(at: TestApp): Promise<number> {
    const answer = await register(at);
    expect([400, 429]).toContain(answer.status);
    return Number(/"account_mail";r=(\d+)/.exec(answer.headers.get('ratelimit') ?? '')?.[1]);
  }

  const events = (at: TestApp): unknown[] =>
    at.log
      .map((line) => (JSON.parse(line) as { event?: string }).event)
      .filter((event) => event?.startsWith('limits_'));
  const reasons = (at: TestApp): unknown[] =>
    at.log
      .map((line) => JSON.parse(line) as { event?: string; reason?: string })
      .filter(({ event }) => event === 'limits_not_shared')
      .map(({ reason }) => reason);
  const isBack = (at: TestApp) => (): boolean => events(at).at(-1) === 'limits_shared';
  const isAway = (at: TestApp) => (): boolean => events(at).at(-1) === 'limits_not_shared';

  describe('while Redis is there', () => {
    beforeEach(() => redis.start());

    it('hold for all instances together, and say so in every answer', async () => {
      const [one, two] = [await instance(), await instance()];
      const seen = [];
      for (let n = 0; n < 10; n += 1) seen.push(await left(one), await left(two));
      expect(seen).toEqual(Array.from({ length: 20 }, (_, n) => 19 - n));
      for (const at of [one, two]) {
        const refused = await register(at);
        expectProblem(refused, 429, 'rate_limited');
        expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(60);
        expect(refused.headers.get('ratelimit')).toMatch(/"account_mail";r=0;t=\d+$/);
      }
      expect([events(one), events(two)]).toEqual([[], []]);
    });

    it('let exactly so many of parallel requests through', async () => {
      const [one, two] = [await instance(), await instance()];
      const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => register(n % 2 ? one : two)));
      expect(answers.filter(({ status }) => status === 400)).toHaveLength(20);
    });

    it('end: every counter has its time', async () => {
      const one = await instance();
      await register(one);
      const times = await redis.ask(async (client) => {
        const keys = await client.keys('*');
        return Promise.all(keys.filter((key) => !key.endsWith('probe')).map((key) => client.pttl(key)));
      });
      expect(times).toHaveLength(3);
      for (const time of times) expect(time).toBeGreaterThan(0);
      expect(Math.max(...times)).toBeLessThanOrEqual(3_600_000);
      await redis.ask(async (client) => {
        for (const key of await client.keys('*account_mail*')) await client.pexpire(key, 1);
      });
      await eventually(() => redis.ask(async (client) => (await client.keys('*account_mail*')).length === 0));
      expect(await left(one)).toBe(19);
    });

    it('give a counter that lost its end another one', async () => {
      const one = await instance();
      await register(one);
      await redis.ask(async (client) => {
        for (const key of await client.keys('*account_mail*')) await client.persist(key);
      });
      await register(one);
      const times = await redis.ask(async (client) =>
        Promise.all((await client.keys('*account_mail*')).map((key) => client.pttl(key))),
      );
      expect(times).toEqual([expect.any(Number)]);
      expect(times[0]).toBeGreaterThan(0);
    });

    it('leave no connection behind', async () => {
      const clients = (): Promise<number> =>
        redis.ask(async (client) => String(await client.client('LIST')).split(' name=roost ').length - 1);
      const one = await TestApp.start({ env: { RATE_LIMIT: 'on', REDIS_URL: redis.url }, sharing: owner });
      expect(await clients()).toBe(1);
      await one.stop();
      await eventually(async () => (await clients()) === 0);
      expect(events(one)).toEqual([]);
    });

    it('are not asked for where limits are off', async () => {
      const off = await TestApp.start({ env: { RATE_LIMIT: 'off', REDIS_URL: redis.url }, sharing: owner });
      instances.push(off);
      expect(await redis.ask(async (client) => String(await client.client('LIST')))).not.toContain('name=roost');
    });
  });

  describe('when Redis goes away', () => {
    beforeEach(() => redis.start());

    it('killed: each instance goes on with what it has seen itself, and one warning [V16.5.2]', async () => {
      const [one, two] = [await instance(), await instance()];
      for (let n = 0; n < 5; n += 1) await register(one);
      for (let n = 0; n < 10; n += 1) await register(two);
      await redis.kill();
      expect([await left(one), await left(two)]).toEqual([14, 9]);
      for (let n = 0; n < 14; n += 1) expect((await register(one)).status).toBe(400);
      expect((await register(one)).status).toBe(429);
      await eventually(() => isAway(one)() && isAway(two)());
      expect([events(one), events(two)]).toEqual([['limits_not_shared'], ['limits_not_shared']]);
      expect([reasons(one), reasons(two)].flat().join()).toMatch(/^connect ECONNREFUSED \S+,connect ECONNREFUSED \S+$/);
    });

    it('restarted, empty: they are shared again, and one line says so', async () => {
      const [one, two] = [await instance(), await instance()];
      await register(one);
      await redis.kill();
      await register(one);
      await register(two);
      await redis.start();
      await eventually(() => isBack(one)() && isBack(two)());
      expect([await left(one), await left(two), await left(one)]).toEqual([19, 18, 17]);
      expect(events(one)).toEqual(['limits_not_shared', 'limits_shared']);
    });

    it('behind a password, from now on: the log has its refusal', async () => {
      const one = await instance();
      await register(one);
      await redis.ask(async (client) => {
        await client.config('SET', 'requirepass', 'a-password-of-today');
        await client.client('KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      });
      await eventually(async () => {
        await register(one);
        return isAway(one)();
      });
      expect(reasons(one)).toEqual([expect.stringContaining('NOAUTH')]);
    });

    it('for a moment: both are said', async () => {
      const relay = await Relay.to(redis.url);
      const one = await instance(relay.url);
      await relay.cut();
      await register(one);
      await relay.restore();
      await eventually(isBack(one));
      expect(events(one)).toEqual(['limits_not_shared', 'limits_shared']);
      expect(reasons(one).join()).not.toContain('enableOfflineQueue');
      await relay.end();
    });

    it('frozen: requests are answered all the same, and it is noticed when it goes on', async () => {
      bePatientNoMore();
      const [one, two] = [await instance(), await instance()];
      await register(one);
      redis.freeze();
      const answers = await Promise.all(Array.from({ length: 10 }, (_, n) => register(n % 2 ? one : two)));
      expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(400));
      await eventually(() => isAway(one)() && isAway(two)());
      redis.thaw();
      await eventually(() => isBack(one)() && isBack(two)());
      const before = await left(one);
      expect(await left(two)).toBe(before - 1);
      expect(events(one)).toEqual(['limits_not_shared', 'limits_shared']);
    });

    it('silent on the wire: requests are answered all the same', async () => {
      bePatientNoMore();
      const relay = await Relay.to(redis.url);
      const one = await instance(relay.url);
      await register(one);
      relay.freeze();
      for (let n = 0; n < 5; n += 1) expect((await register(one)).status).toBe(400);
      expect(events(one)).toEqual(['limits_not_shared']);
      await relay.cut();
      expect((await register(one)).status).toBe(400);
    });

    it('silent on one connection: another one is made, and they are shared again', async () => {
      bePatientNoMore();
      const relay = await Relay.to(redis.url);
      const [one, two] = [await instance(relay.url), await instance()];
      await register(one);
      relay.strand();
      await register(one);
      await eventually(isBack(one));
      const before = await left(one);
      expect(await left(two)).toBe(before - 1);
      expect(events(one)).toEqual(['limits_not_shared', 'limits_shared']);
      await relay.end();
    });

    it('slow: what takes more than 100 ms is as good as away', async () => {
      bePatientNoMore();
      const one = await instance();
      await redis.ask((client) => client.call('CLIENT', 'PAUSE', '60000', 'ALL'));
      expect(await left(one)).toBe(19);
      expect(events(one)).toEqual(['limits_not_shared']);
      expect(USUAL.answer).toBe(100);
    });

    it('full: what it refuses to count is counted here, with one warning for all that it refuses', async () => {
      const one = await instance();
      await redis.ask((client) => client.config('SET', 'maxmemory', '1'));
      expect(await left(one)).toBe(19);
      const refusals = async (): Promise<number> =>
        redis.ask(async (client) => Number(/errorstat_OOM:count=(\d+)/.exec(await client.info('errorstats'))?.[1]));
      await eventually(async () => (await refusals()) >= 4);
      expect(events(one)).toEqual(['limits_not_shared']);
      await redis.ask((client) => client.config('SET', 'maxmemory', '0'));
      await eventually(isBack(one));
    });
  });

  describe('when Redis is not there at the start', () => {
    let patience: jest.ReplaceProperty<number>;

    beforeEach(() => {
      patience = jest.replaceProperty(PATIENCE, 'start', 500);
    });

    afterEach(() => {
      patience.restore();
    });

    it('do without, with one warning, and share from when it is', async () => {
      const [one, two] = [await instance(), await instance()];
      expect([await left(one), await left(two)]).toEqual([19, 19]);
      expect(events(one)).toEqual(['limits_not_shared']);
      await redis.start();
      await eventually(() => isBack(one)() && isBack(two)());
      expect([await left(one), await left(two)]).toEqual([19, 18]);
    });

    it('do without one that does not let them in, and never say the password', async () => {
      const locked = await RedisServer.onFreePort({ password: 'the-right-one' });
      try {
        await locked.start();
        const url = `redis://:hunter2-the-wrong-one@127.0.0.1:${locked.port}`;
        const one = await instance(url);
        expect(await left(one)).toBe(19);
        expect(events(one)).toEqual(['limits_not_shared']);
        expect(one.log.join('')).toContain('WRONGPASS');
        expect(one.log.join('')).not.toContain('hunter2');
        patience.restore();
        const two = await instance(`redis://:the-right-one@127.0.0.1:${locked.port}`);
        expect(await left(two)).toBe(19);
        expect(events(two)).toEqual([]);
      } finally {
        await locked.remove();
      }
    });
  });
});
