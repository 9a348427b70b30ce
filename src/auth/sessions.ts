/** Sessions: one row for each login, refreshed by a chain of tokens, ended at once. */
import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Logger } from 'pino';
import { DataSource, type EntityManager } from 'typeorm';

import { Audit } from '../audit/audit.js';
import type { AuditEvent } from '../audit/audit.query.js';
import type { Principal } from '../common/access.js';
import { Clock } from '../common/clock.js';
import { AppError } from '../common/errors.js';
import { LOGGER } from '../common/logger.js';
import type { Origin } from '../common/origin.js';
import { Random } from '../common/random.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import type { User } from '../users/user.entity.js';
import { KnownAddresses } from './known-addresses.js';
import { PendingDeletions } from './pending-deletions.js';
import { decideRefresh, type RefreshDecision } from './refresh-decision.js';
import { Revocations } from './revocations.js';
import type { SessionEnd } from './session.entity.js';
import {
  type EndedSession,
  endSessions,
  insertSession,
  isSessionLive,
  type LiveSession,
  type LockedSession,
  lockSession,
  rotateSession,
  selectLiveSessions,
  type SessionSelection,
} from './sessions.query.js';
import { RefreshTokens, type RefreshTokenParts, SALT_BYTES } from './tokens.js';

/** Who asks for what costs a hash. */
export interface Client extends Origin {
  /** Whether it has hung up meanwhile. */
  readonly isGone: () => boolean;
}

/** What a login or refresh gives: whom the access token speaks for, and the next refresh token. */
export interface Grant {
  readonly principal: Principal;
  readonly refreshToken: string;
}

/** Why all sessions of an account end, and by whom. */
export interface AccountEnd {
  readonly userId: string;
  readonly reason: SessionEnd;
  readonly actorId: string;
  readonly origin: Origin;
}

/** Ends that follow on a right password, or on a token of the account's mailbox. */
const PROVEN: ReadonlySet<SessionEnd> = new Set<SessionEnd>(['password_reset', 'email_undo', 'account_deletion']);

interface Refreshed {
  readonly how: RefreshDecision;
  readonly grant: Grant;
}

@Injectable()
export class Sessions {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
    @InjectDataSource() private readonly database: DataSource,
    private readonly audit: Audit,
    private readonly refreshTokens: RefreshTokens,
    private readonly revocations: Revocations,
    private readonly addresses: KnownAddresses,
    private readonly deletions: PendingDeletions,
    private readonly clock: Clock,
    private readonly random: Random,
  ) {}

  /**
   * Starts a session for an account whose password was just verified; that cancels a deletion that its owner asked for.
   * @returns undefined when the account has changed since: verify again
   */
  async start(user: User, client: Client): Promise<Grant | undefined> {
    const [id, salt] = [this.random.uuid(), this.random.bytes(SALT_BYTES)];
    const verified = { hashedPassword: user.hashedPassword, epoch: user.tokenEpoch };
    const session = { id, userId: user.id, salt, verified, ...client, ...this.times() };
    const ended = await this.database.transaction(async (tx) => {
      const inserted = await insertSession(tx, session);
      if (!inserted) return undefined;
      if (inserted.isDeleting) await this.deletions.cancel(tx, user.id, { actorId: user.id, origin: client });
      // Never the one that starts: by its time it may be older than one that did not have to wait for the user's row.
      const surplus = { userId: user.id, except: id, beyondNewest: this.config.sessions.perUser - 1 };
      const capped = await endSessions(tx, surplus, { reason: 'session_cap', offsetMs: this.clock.offsetMs });
      const started = { action: 'login.succeeded', actorId: user.id, subjectId: user.id, sessionId: id } as const;
      await this.audit.record(tx, client, [started, ...endEvents(capped, user.id, 'session_cap')]);
      await this.addresses.remember(tx, { userId: user.id, sessionId: id }, client.ip);
      return capped;
    });
    if (!ended) return undefined;
    this.ended(ended, 'session_cap');
    this.logger.info({ event: 'session_started', session: id, user: user.id }, 'session started');
    const principal = { userId: user.id, sessionId: id, role: user.role, epoch: user.tokenEpoch };
    return { principal, refreshToken: this.refreshTokens.encode({ sessionId: id, seq: 1, salt }) };
  }

  /** @throws AppError `invalid_refresh_token`, `refresh_token_reused` or `account_disabled` */
  async refresh(token: string, client: Client): Promise<Grant> {
    const presented = this.refreshTokens.decode(token);
    if (!presented) throw new AppError('invalid_refresh_token');
    const { sessionId: session } = presented;
    const result = await this.database.transaction((tx) => this.refreshLocked(tx, presented, client));
    if (!(result instanceof AppError)) {
      this.logger.info({ event: 'session_refreshed', how: result.how, session }, 'session refreshed');
      return result.grant;
    }
    // The end of a reused session is committed although the request fails.
    if (result.code === 'refresh_token_reused') this.ended([{ id: session }], 'reuse');
    this.logger.warn({ event: 'refresh_refused', code: result.code, session }, 'refresh refused');
    throw result;
  }

  /** Ends the caller's own session, all of the others, or all. */
  async end(principal: Principal, scope: 'local' | 'others' | 'global', origin: Origin): Promise<void> {
    const { userId, sessionId } = principal;
    const selections = { local: { sessionId }, others: { userId, except: sessionId }, global: { userId } };
    await this.endSelected(selections[scope], origin, scope === 'local' ? 'kept' : 'forgotten');
  }

  /**
   * Ends the session that a refresh token belongs to.
   * @throws AppError `invalid_refresh_token` when there is no such session, or it was ended already
   */
  async endByRefreshToken(token: string, origin: Origin): Promise<void> {
    const presented = this.refreshTokens.decode(token);
    const ended = presented && (await this.endSelected({ sessionId: presented.sessionId }, origin, 'kept'));
    if (!ended?.length) throw new AppError('invalid_refresh_token');
  }

  /** An account's live sessions, the one used last first. */
  list({ userId }: Pick<Principal, 'userId'>): Promise<LiveSession[]> {
    return selectLiveSessions(this.database.manager, userId, this.clock.offsetMs);
  }

  /**
   * Also one whose time is over, which its access token may outlive.
   * @throws AppError `session_not_found` unless it is a session of the caller's that was not ended
   */
  async endOne(principal: Principal, sessionId: string, origin: Origin): Promise<void> {
    const addresses = sessionId === principal.sessionId ? 'kept' : 'forgotten';
    const ended = await this.endSelected({ sessionId, userId: principal.userId }, origin, addresses);
    if (ended.length === 0) throw new AppError('session_not_found');
  }

  /**
   * Ends all but the caller's own, in one transaction with the change that they end for; the change locks the user's row.
   * @returns false when the change did nothing, and so nothing ended
   * @throws AppError `token_revoked` when the caller's own has ended meanwhile: nothing is changed then
   */
  async endOthersWith(
    { principal: { userId, sessionId }, reason, origin }: { principal: Principal; reason: SessionEnd; origin: Origin },
    change: (tx: EntityManager) => Promise<boolean>,
  ): Promise<boolean> {
    const ended = await this.database.transaction(async (tx) => {
      if (!(await change(tx))) return undefined;
      if (!(await isSessionLive(tx, sessionId))) throw new AppError('token_revoked');
      const others = await endSessions(tx, { userId, except: sessionId }, { reason, offsetMs: this.clock.offsetMs });
      await this.audit.record(tx, origin, endEvents(others, userId, reason));
      await this.addresses.forgetAll(tx, userId);
      await this.addresses.remember(tx, { userId, sessionId }, origin.ip);
      return others;
    });
    if (ended) this.ended(ended, reason);
    return ended !== undefined;
  }

  /**
   * Ends all sessions of an account, in one transaction with the change that they end for; the change locks the user's row.
   * @returns what the change returned
   */
  async endAllWith<T>(
    { userId, reason, actorId, origin }: AccountEnd,
    change: (tx: EntityManager) => Promise<T>,
  ): Promise<T> {
    const { result, ended } = await this.database.transaction(async (tx) => {
      const result = await change(tx);
      const ended = await endSessions(tx, { userId }, { reason, offsetMs: this.clock.offsetMs });
      await this.audit.record(tx, origin, endEvents(ended, actorId, reason));
      // Locked after sessions, as a login does.
      await this.addresses.forgetAll(tx, userId);
      if (actorId === userId && PROVEN.has(reason)) await this.addresses.remember(tx, { userId }, origin.ip);
      return { result, ended };
    });
    this.ended(ended, reason);
    return result;
  }

  /**
   * A logout.
   * @param addresses whether those that the sessions were started from stay known: not where others may have started them
   */
  private async endSelected(
    selection: SessionSelection,
    origin: Origin,
    addresses: 'kept' | 'forgotten',
  ): Promise<readonly EndedSession[]> {
    const reason = 'logout';
    const sessions = await this.database.transaction(async (tx) => {
      const ended = await endSessions(tx, selection, { reason, offsetMs: this.clock.offsetMs });
      const userId = ended[0]?.userId;
      await this.audit.record(tx, origin, endEvents(ended, userId ?? null, reason));
      if (userId !== undefined && addresses === 'forgotten') await this.addresses.forgetSessions(tx, userId, ended);
      return ended;
    });
    this.ended(sessions, reason);
    return sessions;
  }

  /** Call when the transaction that ended them has committed. */
  private ended(sessions: readonly Pick<EndedSession, 'id'>[], reason: SessionEnd): void {
    for (const { id: session } of sessions) {
      this.revocations.endSession(session);
      this.logger.info({ event: 'session_ended', session, reason }, 'session ended');
    }
  }

  /** Returns its refusals instead of throwing them, so that the transaction commits. */
  private async refreshLocked(
    tx: EntityManager,
    presented: RefreshTokenParts,
    client: Client,
  ): Promise<Refreshed | AppError> {
    const session = await lockSession(tx, presented.sessionId, this.clock.offsetMs);
    if (!session) return new AppError('invalid_refresh_token');
    const decision = decideRefresh(session, presented, {
      now: session.now,
      graceMs: this.config.sessions.refreshGraceMs,
    });
    switch (decision) {
      case 'advance':
      case 'replace': {
        const salt = this.random.bytes(SALT_BYTES);
        await rotateSession(tx, {
          id: session.id,
          seq: presented.seq,
          prevSalt: presented.salt,
          salt,
          ...client,
          ...this.times(),
        });
        return { how: decision, grant: this.grant(session, { seq: presented.seq + 1, salt }) };
      }
      case 'repeat':
        return { how: decision, grant: this.grant(session, { seq: session.seq + 1, salt: session.salt }) };
      case 'reuse':
        await endSessions(tx, { sessionId: session.id }, { reason: 'reuse', offsetMs: this.clock.offsetMs });
        await this.audit.record(tx, client, [
          { action: 'session.reused', actorId: null, subjectId: session.userId, sessionId: session.id },
        ]);
        await this.addresses.forgetSessions(tx, session.userId, [session]);
        return new AppError('refresh_token_reused');
      case 'disabled':
        return new AppError('account_disabled');
      case 'invalid':
        return new AppError('invalid_refresh_token');
    }
  }

  private grant({ id, userId, role, epoch }: LockedSession, child: { seq: number; salt: Buffer }): Grant {
    return {
      principal: { userId, sessionId: id, role, epoch },
      refreshToken: this.refreshTokens.encode({ sessionId: id, ...child }),
    };
  }

  private times(): { idleMs: number; absoluteMs: number; offsetMs: number } {
    const { idleTtlMs, absoluteTtlMs } = this.config.sessions;
    return { idleMs: idleTtlMs, absoluteMs: absoluteTtlMs, offsetMs: this.clock.offsetMs };
  }
}

/** One for each. */
function endEvents(sessions: readonly EndedSession[], actorId: string | null, reason: SessionEnd): AuditEvent[] {
  return sessions.map(({ id, userId }) => ({
    action: 'session.ended',
    actorId,
    subjectId: userId,
    sessionId: id,
    after: { reason },
  }));
}
