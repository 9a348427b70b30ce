/**
 * Random histories of clients and a thief, over HTTP, held against a model. FC_RUNS sets the number of runs of each
 * property, FC_SEED the seed; a failure prints its seed and its shortest history.
 */
import fc from 'fast-check';

import { Jobs } from '../../src/common/schedule.js';
import { TestApp } from '../support/app.js';
import { person, type Person, type Tokens } from '../support/people.js';
import { History, LONG, type Request, SHORT, type Sleep, type Step } from '../support/session-history.js';
import { ABSOLUTE_MS, GRACE_MS, SESSIONS_PER_USER } from '../support/session-model.js';
import { expectDead, expectLive, expectRefused, me, refresh, refreshed, sessionsOf } from '../support/sessions.js';
import { soaked } from '../support/soak.js';

const { FC_RUNS, FC_SEED } = process.env;

const DAY_MS = 86_400_000;

/** A failure is made short before it is told, which takes more runs than a success. */
jest.setTimeout(FC_RUNS === undefined ? soaked(1_800_000, 300_000) : 3_600_000);

const pick = fc.nat({ max: 999 });
/** Mostly one of the latest: the child in store, the one it took the place of, their parent. */
const age = fc.oneof({ weight: 4, arbitrary: fc.nat({ max: 3 }) }, { weight: 1, arbitrary: pick });
const refreshing = fc.record({ send: fc.constant('refresh' as const), holder: pick, isReplyLost: fc.boolean() });
const presenting = fc.record({ send: fc.constant('refresh with any' as const), token: age });
const forging = fc.record({ send: fc.constant('refresh with a forged' as const), token: age, bit: pick });
const leaving = fc.oneof(
  fc.record({
    send: fc.constant('logout' as const),
    holder: pick,
    scope: fc.constantFrom('local' as const, 'local' as const, 'others' as const, 'global' as const),
  }),
  fc.record({ send: fc.constant('logout with any' as const), token: age }),
  fc.record({ send: fc.constant('end session' as const), holder: pick, session: pick }),
);
/** Tabs of one store, which refresh at the same time. */
const tabs = fc
  .tuple(pick, fc.array(fc.boolean(), { minLength: 2, maxLength: 4 }))
  .map(([holder, losses]) => losses.map((isReplyLost) => ({ send: 'refresh' as const, holder, isReplyLost })));
/** Whatever else may meet: owner and thief, a late request, a logout. */
const mixed = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: refreshing },
    { weight: 1, arbitrary: presenting },
    { weight: 1, arbitrary: leaving },
  ),
  { minLength: 2, maxLength: 3 },
);
const sending = (together: fc.Arbitrary<readonly Request[]>): fc.Arbitrary<Step> =>
  fc.record({ do: fc.constant('send' as const), together });
const alone = (request: fc.Arbitrary<Request>): fc.Arbitrary<Step> => sending(request.map((one) => [one]));
const sleeping = (durations: readonly Sleep[]): fc.Arbitrary<Step> =>
  fc.record({ do: fc.constant('sleep' as const), duration: fc.constantFrom(...durations) });

/** Mostly what honest clients do, so that sessions live long enough for what others do. */
const step = fc.oneof(
  { weight: 30, arbitrary: alone(refreshing) },
  { weight: 12, arbitrary: sending(tabs) },
  { weight: 12, arbitrary: sending(mixed) },
  { weight: 10, arbitrary: alone(presenting) },
  { weight: 3, arbitrary: alone(forging) },
  { weight: 3, arbitrary: alone(leaving) },
  { weight: 8, arbitrary: alone(fc.constant({ send: 'login' as const })) },
  { weight: 25, arbitrary: sleeping(SHORT) },
  { weight: 3, arbitrary: sleeping(LONG) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('steal' as const), holder: pick }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('restore' as const), session: pick, moment: pick }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('ban' as const, 'unban' as const, 'unban' as const) }) },
);

/** What becomes of one refresh of a client that has no other under way. */
interface Turn {
  readonly sleep: Sleep;
  readonly fate: 'answered' | 'request lost' | 'reply lost';
}

const turns = fc.array(
  fc.record<Turn>({
    sleep: fc.constantFrom(...SHORT, ...SHORT, '25h', '29d'),
    fate: fc.constantFrom('answered', 'answered', 'request lost', 'reply lost', 'reply lost'),
  }),
  { maxLength: 12, size: 'max' },
);

/** The owner or the thief refreshes. */
const turnOfEither = fc.record({ sleep: fc.constantFrom(...SHORT), isOwner: fc.boolean() });

function hold<T>(property: fc.IAsyncProperty<T>, { runs }: { runs: number }): Promise<void> {
  const numRuns = Number(FC_RUNS ?? runs);
  return fc.assert(property, { numRuns, ...(FC_SEED !== undefined && { seed: Number(FC_SEED) }) });
}

describe('sessions', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start({
      env: { REFRESH_GRACE: `${GRACE_MS / 1_000}s`, SESSIONS_PER_USER: String(SESSIONS_PER_USER) },
    });
    // Every row is compared, however many runs there are and however long they take.
    await app.nestApp.get(Jobs).beforeApplicationShutdown();
  });

  beforeEach(() => {
    app.clock.offsetMs = 0;
  });

  afterAll(() => app.stop());

  it('do what the table says at every step of any history [T10]', async () => {
    await hold(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 30, size: 'max' }), async (steps) => {
        const history = await History.begin(app);
        for (const each of steps) await history.play(each);
        await history.end();
      }),
      { runs: soaked(200, 8) },
    );
  });

  it('never log out a client that refreshes one at a time, whatever is lost and however long it sleeps', async () => {
    await hold(
      fc.asyncProperty(turns, async (taken) => {
        const { refresh_token } = await playAlone(taken);
        await expectLive(app, await refreshed(app, refresh_token));
      }),
      { runs: soaked(100, 8) },
    );
  });

  it('end 90 days after their login, however much they are used', async () => {
    const sleeps = fc.array(fc.constantFrom('29d' as const, '29d' as const, '25h' as const), {
      minLength: 4,
      maxLength: 8,
    });
    await hold(
      fc.asyncProperty(sleeps, async (slept) => {
        let { refresh_token } = await playAlone([]);
        for (const sleep of slept) {
          app.clock.advance(sleep);
          const answer = await refresh(app, refresh_token);
          expect(answer.status).toBe(app.clock.offsetMs < ABSOLUTE_MS ? 200 : 401);
          refresh_token = answer.body.refresh_token ?? refresh_token;
        }
      }),
      { runs: soaked(50, 5) },
    );
  });

  it('give any number of parallel refreshes of a generation one and the same child', async () => {
    const volleys = fc.array(fc.integer({ min: 2, max: 8 }), { minLength: 1, maxLength: 3 });
    const isChildLost = fc.boolean();
    await hold(
      fc.asyncProperty(turns, isChildLost, volleys, async (taken, isLost, sizes) => {
        const { refresh_token } = await playAlone(taken);
        const lost = isLost ? (await refreshed(app, refresh_token)).refresh_token : undefined;
        // Of a generation used before, beyond the grace: its child is replaced, and by one.
        app.clock.advance('12m');
        const children: Tokens[] = [];
        for (const size of sizes) {
          children.push(...(await Promise.all(Array.from({ length: size }, () => refreshed(app, refresh_token)))));
          app.clock.advance('4m');
        }
        const given = new Set(children.map((child) => child.refresh_token));
        expect(given.size).toBe(1);
        expect(given).not.toContain(lost);
        for (const child of children) await expectAccess(child);
        await refreshed(app, children[0]?.refresh_token ?? '');
      }),
      { runs: soaked(75, 8) },
    );
  });

  it('never survive for both who present one generation further apart than the grace, and both refresh again', async () => {
    const thefts = fc.record({
      before: turns,
      /** Whether somebody presents it once more within the grace of the first, or of the second. */
      isRepeated: fc.tuple(fc.boolean(), fc.boolean()),
      apart: fc.constantFrom('12m' as const, '12h' as const),
      between: fc.array(turnOfEither, { maxLength: 5 }),
      isOwnerFirst: fc.boolean(),
      sleep: fc.constantFrom(...SHORT),
    });
    await hold(
      fc.asyncProperty(thefts, async ({ before, isRepeated, apart, between, isOwnerFirst, sleep }) => {
        const shared = await playAlone(before);
        const present = async (isAgain: boolean): Promise<Tokens> => {
          const child = await refreshed(app, shared.refresh_token);
          return isAgain ? refreshed(app, shared.refresh_token) : child;
        };
        const thief = await present(isRepeated[0]);
        app.clock.advance(apart);
        const owner = await present(isRepeated[1]);
        const given = [thief, owner];
        const stores: { owner: Tokens | undefined; thief: Tokens | undefined } = { owner, thief };
        const last = [isOwnerFirst, !isOwnerFirst].map((isOwner) => ({ isOwner, sleep }));
        for (const { isOwner, sleep: pause } of [...between, ...last]) {
          app.clock.advance(pause);
          const who = isOwner ? 'owner' : 'thief';
          const answer = stores[who] && (await refresh(app, stores[who].refresh_token));
          stores[who] = answer?.status === 200 ? (answer.body as Tokens) : undefined;
          if (stores[who]) given.push(stores[who]);
        }
        const [row] = await sessionsOf(app, shared);
        expect(row).toMatchObject({ revoked_at: expect.any(Date), revoked_reason: 'reuse' });
        for (const tokens of given) await expectDead(app, tokens);
      }),
      { runs: soaked(100, 8) },
    );
  });

  /**
   * Plays a new client that has one refresh under way at most. It sleeps less than it would take to reach an end.
   * @returns the client, with the tokens it then has in store
   */
  async function playAlone(taken: readonly Turn[]): Promise<Person> {
    app.clock.offsetMs = 0;
    let client = await person(app, 'client');
    let usedAt = 0;
    for (const { sleep, fate } of taken) {
      const before = app.clock.offsetMs;
      app.clock.advance(sleep);
      if (app.clock.offsetMs > 88 * DAY_MS || app.clock.offsetMs - usedAt > 29.1 * DAY_MS) app.clock.offsetMs = before;
      if (fate === 'request lost') continue;
      const tokens = await refreshed(app, client.refresh_token);
      usedAt = app.clock.offsetMs;
      if (fate === 'answered') client = { ...client, ...tokens };
    }
    return client;
  }

  async function expectAccess({ access_token }: Tokens): Promise<void> {
    expect((await me(app, access_token)).status).toBe(200);
  }

  describe('promise no more:', () => {
    it('within the grace, a thief gets the same child as the owner, and both go on with it', async () => {
      const owner = await person(app, 'owner');
      const stolen = owner.refresh_token;
      const child = await refreshed(app, owner.refresh_token);
      app.clock.advance('8m');
      const thief = await refreshed(app, stolen);
      expect(thief.refresh_token).toBe(child.refresh_token);
      await expectAccess(child);
      await expectAccess(thief);
      const [next, same] = [await refreshed(app, child.refresh_token), await refreshed(app, thief.refresh_token)];
      expect(same.refresh_token).toBe(next.refresh_token);
      await expectLive(app, next);
    });

    it('a tab whose request comes after the child was used ends the session, even within the grace', async () => {
      const ada = await person(app, 'ada');
      const late = ada.refresh_token;
      const first = await refreshed(app, ada.refresh_token);
      const second = await refreshed(app, first.refresh_token);
      expectRefused(await refresh(app, late), 'refresh_token_reused');
      for (const tokens of [ada, first, second]) await expectDead(app, tokens);
    });

    it('a thief stays unnoticed for as long as the owner does not refresh', async () => {
      const owner = await person(app, 'owner');
      let thief: Tokens = owner;
      for (let week = 0; week < 4; week += 1) {
        thief = await refreshed(app, thief.refresh_token);
        app.clock.advance('7d');
      }
      await expectLive(app, await refreshed(app, thief.refresh_token));
      expectRefused(await refresh(app, owner.refresh_token), 'refresh_token_reused');
      expectRefused(await refresh(app, thief.refresh_token), 'invalid_refresh_token');
    });
  });
});
