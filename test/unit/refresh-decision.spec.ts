import fc from 'fast-check';

import { decideRefresh, type RefreshDecision, type SessionState } from '../../src/auth/sessions/refresh-decision.js';
import type { RefreshTokenParts } from '../../src/auth/tokens/refresh-tokens.js';

const GRACE_MS = 30_000;
const SESSION_ID = '3f1c8a52-7a6b-4a39-9b1e-0d6c2f4e5a71';
const DAY_MS = 86_400_000;

/** A token is its generation and salt; each salt is given once. */
type Token = Pick<RefreshTokenParts, 'seq' | 'salt'>;

/** A session's row, changed by its decisions as Sessions changes it. */
class ModelSession {
  private salts = 0;
  private row: SessionState;
  readonly first: Token;

  constructor() {
    const salt = this.freshSalt();
    this.first = { seq: 1, salt };
    this.row = {
      seq: 0,
      salt,
      prevSalt: null,
      rotatedAt: new Date(0),
      expiresAt: new Date(1e15),
      revokedAt: null,
      accountStatus: 'active',
    };
  }

  get ended(): boolean {
    return this.row.revokedAt !== null;
  }

  /** @returns the child, or undefined when the refresh is refused */
  refresh(token: Token, atMs: number): Token | undefined {
    const now = new Date(atMs);
    switch (decide(this.row, token, now)) {
      case 'advance':
      case 'replace':
        this.row = { ...this.row, seq: token.seq, salt: this.freshSalt(), prevSalt: token.salt, rotatedAt: now };
        return this.newest;
      case 'repeat':
        return this.newest;
      case 'reuse':
        this.row = { ...this.row, revokedAt: now };
        return undefined;
      case 'invalid':
      case 'disabled':
        return undefined;
    }
  }

  private get newest(): Token {
    return { seq: this.row.seq + 1, salt: this.row.salt };
  }

  private freshSalt(): Buffer {
    const salt = Buffer.alloc(16);
    salt.writeUInt32BE((this.salts += 1));
    return salt;
  }
}

function decide(session: SessionState, token: Token, now: Date): RefreshDecision {
  return decideRefresh(session, { sessionId: SESSION_ID, ...token }, { now, graceMs: GRACE_MS });
}

function same(one: Token | undefined, other: Token | undefined): boolean {
  return one?.seq === other?.seq && one?.salt.equals(other?.salt ?? Buffer.alloc(0)) === true;
}

/** Short and long, and the edges of the grace. */
const pauseMs = fc.oneof(
  fc.integer({ min: 0, max: 2 * GRACE_MS }),
  fc.constantFrom(0, 1, GRACE_MS - 1, GRACE_MS, GRACE_MS + 1),
  fc.integer({ min: 0, max: 29 * DAY_MS }),
);

const longPauseMs = pauseMs.map((pause) => GRACE_MS + 1 + pause);

/** What becomes of one refresh on its way. */
const fate = fc.constantFrom('answered', 'answered', 'request lost', 'reply lost');

const history = fc.array(fc.record({ pauseMs, fate }), { maxLength: 40 });

/** Plays one refresh after the other. @returns when it ended, and the token then in store */
function playAlone(
  session: ModelSession,
  steps: readonly { readonly pauseMs: number; readonly fate: string }[],
): { now: number; store: Token } {
  let now = 0;
  let store = session.first;
  for (const step of steps) {
    now += step.pauseMs;
    if (step.fate === 'request lost') continue;
    const child = session.refresh(store, now);
    expect(child).toBeDefined();
    if (child && step.fate === 'answered') store = child;
  }
  return { now, store };
}

describe('what a refresh token means', () => {
  const [newest, used, older, superseded] = [10, 20, 30, 40].map((byte) => Buffer.alloc(16, byte)) as [
    Buffer,
    Buffer,
    Buffer,
    Buffer,
  ];
  const rotatedAt = new Date('2026-01-01T00:00:00.000Z');
  const later = (ms: number): Date => new Date(rotatedAt.getTime() + ms);
  const row: SessionState = {
    seq: 5,
    salt: newest,
    prevSalt: used,
    rotatedAt,
    expiresAt: later(30 * DAY_MS),
    revokedAt: null,
    accountStatus: 'active',
  };

  it.each<[string, Token, number, RefreshDecision]>([
    ['the newest token', { seq: 6, salt: newest }, 0, 'advance'],
    ['the newest token, long after', { seq: 6, salt: newest }, 29 * DAY_MS, 'advance'],
    ['the used token, at once', { seq: 5, salt: used }, 0, 'repeat'],
    ['the used token, by a clock behind', { seq: 5, salt: used }, -5, 'repeat'],
    ['the used token, when the grace ends', { seq: 5, salt: used }, GRACE_MS, 'repeat'],
    ['the used token, after the grace', { seq: 5, salt: used }, GRACE_MS + 1, 'replace'],
    ['the used token, long after', { seq: 5, salt: used }, 29 * DAY_MS, 'replace'],
    ['an older token', { seq: 4, salt: older }, 0, 'reuse'],
    ['the first token', { seq: 1, salt: older }, 0, 'reuse'],
    ['a superseded child', { seq: 6, salt: superseded }, 0, 'reuse'],
    ['a superseded child that was used', { seq: 5, salt: superseded }, 0, 'reuse'],
    ['the used token with the salt of the newest', { seq: 5, salt: newest }, 0, 'reuse'],
    ['the newest token with the salt of the used', { seq: 6, salt: used }, 0, 'reuse'],
    ['a generation never given', { seq: 7, salt: newest }, 0, 'invalid'],
    ['a generation far ahead', { seq: 4_294_967_295, salt: newest }, 0, 'invalid'],
    ['the newest token, when the session ends', { seq: 6, salt: newest }, 30 * DAY_MS, 'invalid'],
    ['an older token of an ended session', { seq: 4, salt: older }, 30 * DAY_MS, 'invalid'],
  ])('%s', (_, token, afterMs, decision) => {
    expect(decide(row, token, later(afterMs))).toBe(decision);
  });

  it('any token of a revoked session means nothing', () => {
    for (const token of [
      { seq: 6, salt: newest },
      { seq: 5, salt: used },
      { seq: 4, salt: older },
    ]) {
      expect(decide({ ...row, revokedAt: rotatedAt }, token, later(1))).toBe('invalid');
    }
  });

  it('the first token of a session is taken before any was used', () => {
    const fresh = { ...row, seq: 0, prevSalt: null };
    expect(decide(fresh, { seq: 1, salt: newest }, later(1))).toBe('advance');
    expect(decide(fresh, { seq: 0, salt: used }, later(1))).toBe('reuse');
  });

  it('every token of a disabled account says so', () => {
    const disabled: SessionState = { ...row, accountStatus: 'disabled', revokedAt: rotatedAt };
    expect(decide(disabled, { seq: 6, salt: newest }, later(1))).toBe('disabled');
    expect(decide(disabled, { seq: 4, salt: older }, later(1))).toBe('disabled');
  });
});

describe('a chain of refresh tokens', () => {
  it('never logs out a client that refreshes one at a time, whatever is lost and however long it sleeps', () => {
    fc.assert(
      fc.property(history, (steps) => {
        const session = new ModelSession();
        const { now, store } = playAlone(session, steps);
        expect(session.refresh(store, now + 1)).toBeDefined();
        expect(session.ended).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it('never logs out tabs of one store that refresh together, whichever of their replies arrive, in whichever order', () => {
    const burst = fc.record({
      pauseMs: longPauseMs,
      arrivals: fc.array(fc.record({ afterMs: fc.integer({ min: 0, max: GRACE_MS }), replied: fc.boolean() }), {
        minLength: 1,
        maxLength: 6,
      }),
    });
    fc.assert(
      fc.property(fc.array(burst, { maxLength: 15 }), (bursts) => {
        const session = new ModelSession();
        let [now, store] = [0, session.first];
        for (const { pauseMs: pause, arrivals } of bursts) {
          const begin = now + pause;
          const sorted = arrivals.toSorted((one, other) => one.afterMs - other.afterMs);
          const presented = store;
          const first = sorted[0]?.afterMs ?? 0;
          for (const { afterMs, replied } of sorted) {
            const child = session.refresh(presented, begin + afterMs - first);
            expect(child).toBeDefined();
            if (child && replied) store = child;
          }
          now = begin + GRACE_MS;
        }
        expect(session.refresh(store, now + GRACE_MS + 1)).toBeDefined();
        expect(session.ended).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it('gives any number of refreshes within the grace one and the same child', () => {
    const delays = fc.array(fc.integer({ min: 0, max: GRACE_MS }), { minLength: 2, maxLength: 50 });
    fc.assert(
      fc.property(history, pauseMs, delays, (steps, pause, delaysMs) => {
        const session = new ModelSession();
        const { now, store } = playAlone(session, steps);
        const begin = now + GRACE_MS + 1 + pause;
        const [child, ...others] = [0, ...delaysMs.toSorted((one, other) => one - other)].map((delay) =>
          session.refresh(store, begin + delay),
        );
        expect(child).toBeDefined();
        for (const other of others) expect(same(child, other)).toBe(true);
      }),
    );
  });

  it('never lets both survive who present one generation further apart than the grace, and both refresh again', () => {
    const parties = fc.record({
      /** How often the earlier one presents it, and how the later one does. */
      earlier: fc.array(pauseMs, { maxLength: 4 }),
      apart: longPauseMs,
      later: fc.array(pauseMs, { maxLength: 4 }),
      /** Who refreshes when; true is the earlier one. */
      turns: fc.array(fc.record({ pauseMs, isEarlier: fc.boolean() }), { maxLength: 10 }),
      last: fc.tuple(pauseMs, pauseMs, fc.boolean()),
    });
    fc.assert(
      fc.property(history, parties, (steps, { earlier, apart, later, turns, last }) => {
        const session = new ModelSession();
        const played = playAlone(session, steps);
        const shared = played.store;
        let now = played.now;
        const present = (token: Token | undefined, pause: number): Token | undefined => {
          now += pause;
          return token && session.refresh(token, now);
        };
        const presentAll = (pauses: readonly number[]): Token | undefined =>
          pauses.map((pause) => present(shared, pause)).at(-1);
        const stores = { earlier: presentAll([0, ...earlier]), later: presentAll([apart, ...later]) };
        const [one, two, earlierFirst] = last;
        const both = [
          { pauseMs: one, isEarlier: earlierFirst },
          { pauseMs: two, isEarlier: !earlierFirst },
        ];
        for (const { pauseMs: pause, isEarlier } of [...turns, ...both]) {
          const who = isEarlier ? 'earlier' : 'later';
          stores[who] = present(stores[who], pause);
        }
        expect(session.ended).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('ends with any token that is neither the newest nor the one used last', () => {
    fc.assert(
      fc.property(fc.array(longPauseMs, { minLength: 2, maxLength: 20 }), fc.nat(), (pauses, pick) => {
        const session = new ModelSession();
        const given = [session.first];
        let [now, used, newest] = [0, session.first, session.first];
        for (const pause of pauses) {
          used = newest;
          const lost = session.refresh(used, (now += pause));
          newest = session.refresh(used, (now += pause)) ?? newest;
          given.push(lost ?? used, newest);
        }
        const stale = given.filter((token) => !same(token, used) && !same(token, newest));
        expect(stale).toHaveLength(given.length - 2);
        expect(session.refresh(stale[pick % stale.length] ?? newest, now)).toBeUndefined();
        expect(session.ended).toBe(true);
        for (const token of given) expect(session.refresh(token, now)).toBeUndefined();
      }),
    );
  });
});
