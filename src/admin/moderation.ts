/** Moderation: changes to the accounts of others, effective at once on every instance. */
import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Logger } from 'pino';
import { DataSource, type EntityManager } from 'typeorm';

import type { AuditAction } from '../audit/actions.js';
import { Audit } from '../audit/audit.js';
import type { AuditedState } from '../audit/audit.query.js';
import { type Principal, type Role, ROLES } from '../common/access.js';
import { AppError, invalid } from '../common/errors.js';
import { LOGGER } from '../common/logger.js';
import { type ListedUser, selectUser } from '../users/users.query.js';
import { lockAccounts, type LockedAccount } from '../users/locks.query.js';
import { changeStanding, type StandingChange } from './moderation.query.js';
import { onCommit } from '../database/transactions.js';
import { Deletions } from '../auth/deletion/deletions.js';
import { Revocations } from '../auth/revocations/revocations.js';
import { SecondFactors } from '../auth/second-factors/second-factors.js';
import { Sessions } from '../auth/sessions/sessions.js';
import type { Actor } from '../common/actor.js';

export interface Act extends Actor {
  readonly userId: string;
}

export interface Ban {
  readonly reason: string;
  readonly until: Date | undefined;
}

@Injectable()
export class Moderation {
  constructor(
    @Inject(LOGGER) private readonly logger: Logger,
    @InjectDataSource() private readonly database: DataSource,
    private readonly audit: Audit,
    private readonly sessions: Sessions,
    private readonly revocations: Revocations,
    private readonly deletions: Deletions,
    private readonly secondFactors: SecondFactors,
  ) {}

  /** There is always an admin: nobody changes their own role; the actor's is checked under the row locks.
   * Nobody disables or deletes an admin. An unconfirmed account gets no role: the reader of its mail could take both.
   * @throws `user_not_found`, `own_account`, `token_stale`, `user_unconfirmed`, `user_disabled`, `user_deleted` */
  async setRole(act: Act, role: Role): Promise<ListedUser> {
    return this.database.transaction(async (tx) => {
      const subject = await this.lock(tx, act);
      if (subject.role !== role && role === 'admin') {
        if (subject.disabled) throw new AppError('user_disabled');
        if (subject.deletion) throw new AppError('user_deleted');
      }
      if (rank(role) > rank(subject.role) && !subject.confirmed) throw new AppError('user_unconfirmed');
      const change = { action: 'user.role_changed', before: { role: subject.role }, after: { role } } as const;
      if (subject.role !== role) this.announce(tx, act, await this.change(tx, act, { ...change, set: { role } }));
      const user = await selectUser(tx, subject.id);
      if (!user) throw new AppError('user_not_found');
      return user;
    });
  }

  /** @throws AppError `user_not_found`, `own_account`, `insufficient_role`, `token_stale`, `validation_failed` */
  async disable(act: Act, { reason, until }: Ban): Promise<void> {
    const end = { userId: act.userId, reason: 'ban', actorId: act.principal.userId, client: act } as const;
    await this.database.transaction(async (tx) => {
      const subject = await this.lockLower(tx, act);
      if (until && until <= subject.now)
        throw invalid({ pointer: '#/until', code: 'in_the_past', detail: 'must be in the future' });
      const epoch = await this.change(tx, act, {
        action: 'user.disabled',
        before: stateOf(subject),
        after: { status: 'disabled', until: until?.toISOString() ?? null, note: reason },
        set: { status: 'disabled', disabledUntil: until ?? null, disabledReason: reason },
      });
      await this.sessions.endAll(tx, end);
      this.announce(tx, act, epoch);
    });
  }

  /** The owner cannot cancel it. @throws `user_not_found`, `own_account`, `insufficient_role`, `token_stale` */
  async delete(act: Act): Promise<Date> {
    const { userId, principal } = act;
    const by = { actorId: principal.userId, client: act };
    const final = await this.database.transaction(async (tx) => {
      const subject = await this.lockLower(tx, act);
      const begun = subject.deletion === 'staff' ? subject.deleteAfter : undefined;
      const final = begun ?? (await this.deletions.begin(tx, userId, by));
      await this.sessions.endAll(tx, { userId, reason: 'account_deletion', ...by });
      return final;
    });
    this.logger.info(
      { event: 'deletion_requested', user: userId, by: principal.userId },
      'deletion of an account requested',
    );
    return final;
  }

  /** Never cancels an owner's deletion. @throws `user_not_found`, `own_account`, `insufficient_role`, `token_stale` */
  async enable(act: Act): Promise<void> {
    await this.database.transaction(async (tx) => {
      const subject = await this.lockLower(tx, act);
      if (subject.deletion === 'staff') {
        if (act.principal.role !== 'admin') throw new AppError('insufficient_role');
        await this.deletions.cancel(tx, subject.id, { actorId: act.principal.userId, client: act });
      }
      if (!subject.banned) return;
      const epoch = await this.change(tx, act, {
        action: 'user.enabled',
        before: stateOf(subject),
        after: { status: 'active' },
        set: { status: 'active', disabledUntil: null, disabledReason: null },
      });
      this.announce(tx, act, epoch);
    });
  }

  /** Also ends logins that are under way. Works on admins and on oneself, too. @throws AppError `user_not_found`, `token_stale` */
  async logOut(act: Act): Promise<void> {
    const { principal, userId } = act;
    const end = { userId, reason: 'forced_logout', actorId: principal.userId, client: act } as const;
    await this.database.transaction(async (tx) => {
      await this.lockActing(tx, principal, userId);
      const epoch = await this.change(tx, act, { action: 'user.logged_out', set: {} });
      await this.sessions.endAll(tx, end);
      this.announce(tx, act, epoch);
    });
  }

  /** Of admins, too: else an admin who lost a device could not be helped.
   * @throws AppError `user_not_found`, `own_account`, `token_stale` */
  async resetSecondFactors(act: Act): Promise<void> {
    await this.database.transaction(async (tx) => {
      await this.lock(tx, act);
      await this.secondFactors.reset(tx, act, act.userId);
    });
  }

  /** Locks the actor, too: the claims in their token must hold. @throws AppError `token_stale`, `user_not_found` */
  async lockActing(tx: EntityManager, principal: Principal, userId = principal.userId): Promise<LockedAccount> {
    const accounts = await lockAccounts(tx, [principal.userId, userId]);
    const actor = accounts.find(({ id }) => id === principal.userId);
    const subject = accounts.find(({ id }) => id === userId);
    if (!actor || actor.disabled || actor.deletion || actor.epoch !== principal.epoch || actor.role !== principal.role)
      throw new AppError('token_stale');
    if (!subject) throw new AppError('user_not_found');
    return subject;
  }

  private async lockLower(tx: EntityManager, act: Act): Promise<LockedAccount> {
    const subject = await this.lock(tx, act);
    if (rank(subject.role) >= rank(act.principal.role)) throw new AppError('insufficient_role');
    return subject;
  }

  private async lock(tx: EntityManager, act: Act): Promise<LockedAccount> {
    if (act.userId === act.principal.userId) throw new AppError('own_account');
    return this.lockActing(tx, act.principal, act.userId);
  }

  private async change(
    tx: EntityManager,
    act: Act,
    { set, ...event }: { action: AuditAction; before?: AuditedState; after?: AuditedState; set: StandingChange },
  ): Promise<number> {
    const { principal, userId } = act;
    const epoch = await changeStanding(tx, userId, set);
    await this.audit.record(tx, act, [{ ...event, actorId: principal.userId, subjectId: userId }]);
    return epoch;
  }

  private announce(tx: EntityManager, { principal, userId }: Act, epoch: number): void {
    onCommit(tx, () => {
      this.revocations.endEpochsBelow(userId, epoch);
      this.logger.info(
        { event: 'account_changed', user: userId, by: principal.userId, epoch },
        'account changed by staff',
      );
    });
  }
}

function rank(role: Role): number {
  return ROLES.indexOf(role);
}

function stateOf({ banned, disabledUntil, disabledReason }: LockedAccount): AuditedState {
  if (!banned) return { status: 'active' };
  return { status: 'disabled', until: disabledUntil?.toISOString() ?? null, note: disabledReason };
}
