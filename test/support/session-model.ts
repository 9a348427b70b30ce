/**
 * What sessions do, written down a second time for the tests: the table of docs/adr/0002-sessions.md as a client could
 * keep it, by the tokens it saw. Knows nothing of src/auth.
 */
import { isDeepStrictEqual } from 'node:util';

import type { Answer } from './api.js';
import { claimsOf } from './jwt.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export const GRACE_MS = HOUR_MS / 6;
const IDLE_MS = 30 * DAY_MS;
export const ABSOLUTE_MS = 90 * DAY_MS;
export const SESSIONS_PER_USER = 3;
const ACCESS_TTL_MS = DAY_MS;

/** The part of an answer that is looked at. */
type Given = Pick<Answer, 'status' | 'body'>;

/** What a client can tell of an answer. */
export interface Outcome {
  readonly status: number;
  readonly code?: string;
  /** Undefined where the answer gives none. */
  readonly refreshToken?: string;
}

export interface ModelSession {
  readonly id: string;
  readonly createdAt: number;
  newest: string;
  used: string | undefined;
  rotatedAt: number;
  expiresAt: number;
  ended: 'logout' | 'reuse' | 'session_cap' | null;
}

interface GivenAccessToken {
  readonly sessionId: string;
  readonly issuedAt: number;
  readonly epoch: number;
}

export function outcomeOf({ status, body }: Given): Outcome {
  if (status >= 400) return { status, code: body.code as string };
  return status === 200 && 'refresh_token' in body ? { status, refreshToken: body.refresh_token } : { status };
}

/** The sessions of one account. What answers gave is taken over from them; whether they may give it is judged. */
export class SessionModel {
  /** Milliseconds, as TestClock.offsetMs counts them. */
  now = 0;
  isDisabled = false;
  epoch = 0;
  /** In the order of their logins. */
  sessions: ModelSession[] = [];
  /** Every token that was ever given, to whomever. */
  refreshTokens = new Map<string, { readonly sessionId: string; readonly generation: number }>();
  accessTokens = new Map<string, GivenAccessToken>();
  /** Sessions that had ended before the requests under way were sent. */
  private endedBefore = new Set<string>();

  clone(): SessionModel {
    const { now, isDisabled, epoch, endedBefore } = this;
    return Object.assign(new SessionModel(), {
      now,
      isDisabled,
      epoch,
      endedBefore,
      sessions: this.sessions.map((session) => ({ ...session })),
      refreshTokens: new Map(this.refreshTokens),
      accessTokens: new Map(this.accessTokens),
    });
  }

  /** Call before requests are sent together. */
  begin(): void {
    this.endedBefore = new Set(this.sessions.filter(({ ended }) => ended !== null).map(({ id }) => id));
  }

  login(answer: Given): Outcome {
    if (this.isDisabled) return refused('account_disabled', 403);
    if (answer.status !== 200) return { status: 200 };
    const session: ModelSession = {
      id: claimsOf(answer.body.access_token).sid,
      createdAt: this.now,
      newest: '',
      used: undefined,
      rotatedAt: this.now,
      expiresAt: this.now + IDLE_MS,
      ended: null,
    };
    this.sessions.push(session);
    for (const surplus of this.live().slice(0, -SESSIONS_PER_USER)) surplus.ended = 'session_cap';
    return this.child(session, 1, answer);
  }

  refresh(token: string, answer: Given): Outcome {
    const given = this.refreshTokens.get(token);
    const session = this.sessions.find(({ id }) => id === given?.sessionId);
    if (!given || !session) return refused('invalid_refresh_token');
    if (this.isDisabled) return refused('account_disabled', 403);
    if (!this.isLive(session) || given.generation > this.seqOf(session) + 1) return refused('invalid_refresh_token');
    if (token !== session.newest && token !== session.used) {
      session.ended = 'reuse';
      return refused('refresh_token_reused');
    }
    if (token === session.used && this.now - session.rotatedAt <= GRACE_MS) return this.same(session, answer);
    Object.assign(session, {
      used: token,
      rotatedAt: this.now,
      expiresAt: Math.min(this.now + IDLE_MS, session.createdAt + ABSOLUTE_MS),
    });
    return this.child(session, given.generation + 1, answer);
  }

  logout(accessToken: string, scope: 'local' | 'others' | 'global', answer: Given): Outcome {
    const refusal = this.refusalOf(accessToken, answer);
    if (refusal) return refusal;
    const own = this.accessTokens.get(accessToken)?.sessionId;
    for (const session of this.sessions) {
      if (scope === 'global' || (session.id === own) === (scope === 'local')) session.ended ??= 'logout';
    }
    return { status: 200 };
  }

  logoutByRefreshToken(token: string): Outcome {
    const session = this.sessions.find(({ id }) => id === this.refreshTokens.get(token)?.sessionId);
    if (session?.ended !== null) return refused('invalid_refresh_token');
    session.ended = 'logout';
    return { status: 200 };
  }

  endOne(accessToken: string, session: ModelSession, answer: Given): Outcome {
    const refusal = this.refusalOf(accessToken, answer);
    if (refusal) return refusal;
    const mine = this.sessions.find(({ id }) => id === session.id);
    if (mine?.ended !== null) return refused('session_not_found', 404);
    mine.ended = 'logout';
    return { status: 204 };
  }

  use(accessToken: string): Outcome {
    const { sessionId, issuedAt } = this.givenAccessToken(accessToken);
    if (this.now - issuedAt > ACCESS_TTL_MS) return refused('token_expired');
    const ended = this.sessions.some(({ id, ended: reason }) => id === sessionId && reason !== null);
    return ended ? refused('token_revoked') : { status: 200 };
  }

  /** A change of the account made by SQL reaches no instance's memory: nothing is promised of the tokens before it. */
  isPromised(accessToken: string): boolean {
    return this.givenAccessToken(accessToken).epoch === this.epoch;
  }

  private isLive({ ended, expiresAt }: ModelSession): boolean {
    return ended === null && this.now < expiresAt;
  }

  isLiveToken(refreshToken: string): boolean {
    return this.live().some(({ id }) => id === this.refreshTokens.get(refreshToken)?.sessionId);
  }

  live(): ModelSession[] {
    return this.sessions.filter((session) => this.isLive(session));
  }

  /** What the table of sessions holds, the oldest first. */
  rows(): unknown[] {
    return this.sessions.map((session) => ({
      id: session.id,
      seq: this.seqOf(session),
      ended: session.ended,
      revocations: session.ended === null ? 0 : 1,
    }));
  }

  /** The first and the latest one. */
  accessTokensOf(session: ModelSession): string[] {
    const tokens = [...this.accessTokens].filter(([, { sessionId }]) => sessionId === session.id);
    return [...new Set([tokens[0], tokens.at(-1)])].flatMap((entry) => entry?.[0] ?? []);
  }

  private seqOf({ newest }: ModelSession): number {
    return (this.refreshTokens.get(newest)?.generation ?? 0) - 1;
  }

  private givenAccessToken(accessToken: string): GivenAccessToken {
    const given = this.accessTokens.get(accessToken);
    if (!given) throw new Error('the model has not seen this access token');
    return given;
  }

  /** A request whose bearer was let in goes on, although another one ends its session meanwhile. */
  private refusalOf(accessToken: string, answer: Given): Outcome | undefined {
    const expected = this.use(accessToken);
    const wasLetIn = !this.endedBefore.has(this.givenAccessToken(accessToken).sessionId);
    if (expected.status === 200) return undefined;
    if (expected.code === 'token_revoked' && wasLetIn && !isDeepStrictEqual(outcomeOf(answer), expected))
      return undefined;
    return expected;
  }

  /** Takes over the new token of an answer, which must be like none before. */
  private child(session: ModelSession, generation: number, answer: Given): Outcome {
    const token = String(answer.body.refresh_token);
    if (answer.status !== 200 || this.refreshTokens.has(token)) return { status: 200, refreshToken: 'a new one' };
    this.refreshTokens.set(token, { sessionId: session.id, generation });
    session.newest = token;
    return this.same(session, answer);
  }

  private same(session: ModelSession, answer: Given): Outcome {
    if (answer.status === 200) {
      const given = { sessionId: session.id, issuedAt: this.now, epoch: this.epoch };
      this.accessTokens.set(answer.body.access_token, given);
    }
    return { status: 200, refreshToken: session.newest };
  }
}

function refused(code: string, status = 401): Outcome {
  return { status, code };
}
