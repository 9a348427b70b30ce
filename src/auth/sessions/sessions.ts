import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Logger } from 'pino';
import { DataSource, type EntityManager } from 'typeorm';

import { Audit } from '../../audit/audit.js';
import type { AuditEvent } from '../../audit/audit.query.js';
import type { Principal } from '../../common/access.js';
import { AppError } from '../../common/errors.js';
import { LOGGER } from '../../common/logger.js';
import { Random } from '../../common/random.js';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import type { User } from '../../users/user.js';
import { KnownAddresses } from '../login-guard/known-addresses.js';
import { decideRefresh, type RefreshDecision } from './refresh-decision.js';
import { Revocations } from '../revocations/revocations.js';
import {
  advanceSession,
  clearSecondFactors,
  type EndedSession,
  endSessions,
  HAS_STARTED,
  insertSession,
  isSessionLive,
  lockOwner,
  type LiveSession,
  lockSession,
  markProved,
  type RefreshableSession,
  rotateSession,
  type Rotation,
  selectLiveSessions,
  selectProof,
  type SessionEnd,
  type SessionProof,
  type SessionSelection,
} from './sessions.query.js';
import { AccessTokens } from '../tokens/access-tokens.js';
import { type RefreshTokenParts, RefreshTokens, SALT_BYTES } from '../tokens/refresh-tokens.js';
import { onCommit } from '../../database/transactions.js';
import type { Actor, Client } from '../../common/actor.js';

export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly expiresInSeconds: number;
}

export interface Proved {
  readonly user: User;
  readonly secondFactor: boolean;
}

export interface AccountEnd {
  readonly userId: string;
  readonly reason: SessionEnd;
  readonly actorId: string;
  readonly client: Client;
}

const PROVEN: ReadonlySet<SessionEnd> = new Set<SessionEnd>(['password_reset', 'email_undo', 'account_deletion']);

interface Refreshed {
  readonly how: RefreshDecision;
  readonly tokens: Tokens;
}

@Injectable()
export class Sessions {
  private readonly endings: ((tx: EntityManager, end: AccountEnd) => Promise<void>)[] = [];

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
    @InjectDataSource() private readonly database: DataSource,
    private readonly audit: Audit,
    private readonly accessTokens: AccessTokens,
    private readonly refreshTokens: RefreshTokens,
    private readonly revocations: Revocations,
    private readonly addresses: KnownAddresses,
    private readonly random: Random,
  ) {}

  /** Ends the oldest sessions beyond SESSIONS_PER_USER. @returns undefined when the account changed: verify again */
  async start(manager: EntityManager, { user, secondFactor }: Proved, client: Client): Promise<Tokens | undefined> {
    const [id, salt] = [this.random.uuid(), this.random.bytes(SALT_BYTES)];
    const atMost = this.config.sessions.perUser;
    const event = { action: 'login.succeeded', actorId: user.id, subjectId: user.id, sessionId: id } as const;
    const remembered = this.addresses.remembered({ userId: user.id, sessionId: id }, client.ip, HAS_STARTED);
    const audited = this.audit.insertion(client, [event], HAS_STARTED);
    const start = { id, userId: user.id, salt, atMost, secondFactor, verified: user, ...client, ...this.times() };
    const started = await insertSession(manager, start, { audited, remembered });
    if (!started) return undefined;
    if (started.isOneTooMany) await this.endSurplus(manager, user.id, client);
    onCommit(manager, () => {
      this.logger.info({ event: 'session_started', session: id, user: user.id }, 'session started');
    });
    const principal = { userId: user.id, sessionId: id, role: user.role, epoch: user.tokenEpoch, secondFactor };
    return this.tokens(principal, { seq: 1, salt });
  }

  /** Sessions are as old as the order of their logins' locks: logins that race agree on the newest. */
  private async endSurplus(manager: EntityManager, userId: string, client: Client): Promise<void> {
    const end = async (tx: EntityManager): Promise<void> => {
      const ended = await endSessions(tx, { userId, beyondNewest: this.config.sessions.perUser }, 'session_cap');
      await this.audit.record(tx, client, endEvents(ended, userId, 'session_cap'));
      this.revoke(tx, ended, 'session_cap');
    };
    if (manager.queryRunner) return end(manager);
    // The login has committed, and stands. The next one ends what is left.
    await this.database.transaction(end).catch((error: unknown) => {
      this.logger.warn(
        { event: 'session_cap_failed', user: userId, err: error },
        'the oldest sessions could not be ended',
      );
    });
  }

  /** @throws AppError `invalid_refresh_token`, `refresh_token_reused`, `account_disabled` */
  async refresh(token: string, client: Client): Promise<Tokens> {
    const presented = this.refreshTokens.decode(token);
    if (!presented) throw new AppError('invalid_refresh_token');
    const { sessionId: session } = presented;
    const result =
      (await this.advance(presented, client)) ??
      (await this.database.transaction((tx) => this.refreshLocked(tx, presented, client)));
    if (!(result instanceof AppError)) {
      this.logger.info({ event: 'session_refreshed', how: result.how, session }, 'session refreshed');
      return result.tokens;
    }
    this.logger.warn({ event: 'refresh_refused', code: result.code, session }, 'refresh refused');
    throw result;
  }

  async end(actor: Actor, scope: 'local' | 'others' | 'global'): Promise<void> {
    const { userId, sessionId } = actor.principal;
    const selections = { local: { sessionId }, others: { userId, except: sessionId }, global: { userId } };
    await this.endSelected(selections[scope], actor, scope === 'local' ? undefined : userId);
  }

  /** @throws AppError `invalid_refresh_token` when the session is unknown or ended */
  async endByRefreshToken(token: string, client: Client): Promise<void> {
    const presented = this.refreshTokens.decode(token);
    const ended = presented && (await this.endSelected({ sessionId: presented.sessionId }, client));
    if (!ended?.length) throw new AppError('invalid_refresh_token');
  }

  list({ userId }: Pick<Principal, 'userId'>): Promise<LiveSession[]> {
    return selectLiveSessions(this.database.manager, userId);
  }

  /** Also an expired one, which its access token may outlive. @throws AppError `session_not_found` */
  async endOne(actor: Actor, sessionId: string): Promise<void> {
    const { userId, ...own } = actor.principal;
    const forgetsOf = sessionId === own.sessionId ? undefined : userId;
    const ended = await this.endSelected({ sessionId, userId }, actor, forgetsOf);
    if (ended.length === 0) throw new AppError('session_not_found');
  }

  /** Lock the user's row first. @throws AppError `token_revoked` when the caller's own session ended meanwhile */
  async endOthers(tx: EntityManager, actor: Actor, reason: SessionEnd): Promise<void> {
    const { userId, sessionId } = actor.principal;
    await this.requireLive(tx, sessionId);
    const others = await endSessions(tx, { userId, except: sessionId }, reason);
    await this.audit.record(tx, actor, endEvents(others, userId, reason));
    await this.addresses.forgetAll(tx, userId);
    await this.addresses.remember(tx, { userId, sessionId }, actor.ip);
    this.revoke(tx, others, reason);
  }

  /** What else ends with all sessions of an account: after them, in their transaction. */
  onEndAll(ending: (tx: EntityManager, end: AccountEnd) => Promise<void>): void {
    this.endings.push(ending);
  }

  async endAll(tx: EntityManager, end: AccountEnd): Promise<void> {
    const { userId, reason, actorId, client } = end;
    const ended = await endSessions(tx, { userId }, reason);
    await this.audit.record(tx, client, endEvents(ended, actorId, reason));
    await this.addresses.forgetAll(tx, userId);
    if (actorId === userId && PROVEN.has(reason)) await this.addresses.remember(tx, { userId }, client.ip);
    this.revoke(tx, ended, reason);
    for (const ending of this.endings) await ending(tx, end);
  }

  /** Checks the database, since the access token may outlive its session. @throws AppError `token_revoked` */
  async requireLive(tx: EntityManager, sessionId: string): Promise<void> {
    if (!(await isSessionLive(tx, sessionId))) throw new AppError('token_revoked');
  }

  async proofOf(principal: Principal, freshMs: number): Promise<SessionProof> {
    const proof = await selectProof(this.database.manager, principal, freshMs);
    if (!proof?.isLive) throw new AppError(proof ? 'token_revoked' : 'invalid_token');
    return proof;
  }

  async prove(tx: EntityManager, { sessionId }: Principal, secondFactor: boolean): Promise<Date> {
    const at = await markProved(tx, sessionId, secondFactor);
    if (!at) throw new AppError('token_revoked');
    return at;
  }

  forgetSecondFactors(tx: EntityManager, userId: string): Promise<void> {
    return clearSecondFactors(tx, userId);
  }

  /** @param forgetsOf whose known addresses go with the sessions, which an attacker may have started */
  private async endSelected(
    selection: SessionSelection,
    client: Client,
    forgetsOf?: string,
  ): Promise<readonly EndedSession[]> {
    const reason = 'logout';
    return this.database.transaction(async (tx) => {
      if (forgetsOf !== undefined) await lockOwner(tx, forgetsOf);
      const ended = await endSessions(tx, selection, reason);
      await this.audit.record(tx, client, endEvents(ended, ended[0]?.userId ?? null, reason));
      if (forgetsOf !== undefined) await this.addresses.forgetSessions(tx, forgetsOf, ended);
      this.revoke(tx, ended, reason);
      return ended;
    });
  }

  private revoke(tx: EntityManager, sessions: readonly Pick<EndedSession, 'id'>[], reason: SessionEnd): void {
    onCommit(tx, () => {
      for (const { id: session } of sessions) {
        this.revocations.endSession(session);
        this.logger.info({ event: 'session_ended', session, reason }, 'session ended');
      }
    });
  }

  private async advance(presented: RefreshTokenParts, client: Client): Promise<Refreshed | undefined> {
    const rotation = this.rotation(presented, client);
    const session = await advanceSession(this.database.manager, rotation);
    return session && { how: 'advance', tokens: this.tokens(principalOf(session), nextOf(rotation)) };
  }

  private rotation({ sessionId, seq, salt }: RefreshTokenParts, { ip, userAgent }: Client): Rotation {
    const fresh = this.random.bytes(SALT_BYTES);
    return { id: sessionId, seq, prevSalt: salt, salt: fresh, ip, userAgent, ...this.times() };
  }

  /** Returns refusals instead of throwing, so that the transaction commits. */
  private async refreshLocked(
    tx: EntityManager,
    presented: RefreshTokenParts,
    client: Client,
  ): Promise<Refreshed | AppError> {
    const session = await lockSession(tx, presented.sessionId);
    if (!session) return new AppError('invalid_refresh_token');
    const decision = decideRefresh(session, presented, {
      now: session.now,
      graceMs: this.config.sessions.refreshGraceMs,
    });
    switch (decision) {
      case 'advance':
      case 'replace': {
        const rotation = this.rotation(presented, client);
        await rotateSession(tx, rotation);
        return { how: decision, tokens: this.tokens(principalOf(session), nextOf(rotation)) };
      }
      case 'repeat':
        return {
          how: decision,
          tokens: this.tokens(principalOf(session), { seq: session.seq + 1, salt: session.salt }),
        };
      case 'reuse':
        await endSessions(tx, { sessionId: session.id }, 'reuse');
        await this.audit.record(tx, client, [
          { action: 'session.reused', actorId: null, subjectId: session.userId, sessionId: session.id },
        ]);
        await this.addresses.forgetSessions(tx, session.userId, [session]);
        this.revoke(tx, [session], 'reuse');
        return new AppError('refresh_token_reused');
      case 'disabled':
        return new AppError('account_disabled');
      case 'invalid':
        return new AppError('invalid_refresh_token');
    }
  }

  private tokens(principal: Principal, { seq, salt }: { seq: number; salt: Buffer }): Tokens {
    return {
      accessToken: this.accessTokens.issue(principal),
      refreshToken: this.refreshTokens.encode({ sessionId: principal.sessionId, seq, salt }),
      expiresInSeconds: this.accessTokens.ttlSeconds,
    };
  }

  private times(): { idleMs: number; absoluteMs: number } {
    const { idleTtlMs, absoluteTtlMs } = this.config.sessions;
    return { idleMs: idleTtlMs, absoluteMs: absoluteTtlMs };
  }
}

function principalOf({ id, userId, role, epoch, secondFactor }: RefreshableSession): Principal {
  return { userId, sessionId: id, role, epoch, secondFactor };
}

function nextOf({ seq, salt }: Rotation): { seq: number; salt: Buffer } {
  return { seq: seq + 1, salt };
}

function endEvents(sessions: readonly EndedSession[], actorId: string | null, reason: SessionEnd): AuditEvent[] {
  return sessions.map(({ id, userId }) => ({
    action: 'session.ended',
    actorId,
    subjectId: userId,
    sessionId: id,
    after: { reason },
  }));
}
