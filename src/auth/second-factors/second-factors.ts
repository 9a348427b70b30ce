import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Logger } from 'pino';
import { DataSource, type EntityManager } from 'typeorm';

import type { AuditAction } from '../../audit/actions.js';
import { Audit } from '../../audit/audit.js';
import type { Principal } from '../../common/access.js';
import type { Actor, Client } from '../../common/actor.js';
import { AppError, invalid } from '../../common/errors.js';
import { LOGGER } from '../../common/logger.js';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { onCommit } from '../../database/transactions.js';
import { Outbox } from '../../mail/outbox.js';
import {
  recoveryCodeUsedMail,
  secondFactorAddedMail,
  secondFactorRemovedMail,
  secondFactorsResetMail,
} from '../../mail/templates.js';
import type { User } from '../../users/user.js';
import { updateUser } from '../../users/users.query.js';
import { UsersService } from '../../users/users.service.js';
import { type CountedGuess, LoginGuard } from '../login-guard/login-guard.js';
import { Sessions } from '../sessions/sessions.js';
import { RecoveryCodes } from './recovery-codes.js';

export interface Forgotten {
  readonly removed: number;
  readonly isLeft: boolean;
}

export interface SecondFactorKind {
  readonly name: string;
  readonly title: string;
  /** Accepts each proof once, also in parallel. Lock the user's row first. */
  readonly take: (tx: EntityManager, userId: string, given: { value: unknown; client: Client }) => Promise<boolean>;
  /** For a kind that proves a person without being asked for by a login. */
  readonly isSetUp?: (userId: string) => Promise<boolean>;
  readonly forget: (tx: EntityManager, userId: string, since?: Date) => Promise<Forgotten>;
  /** After a reset by mail: ends what a thief could log in with. */
  readonly recovered?: (tx: EntityManager, userId: string) => Promise<number>;
}

export const RECOVERY_CODE = 'recovery_code';

export type Proof = Readonly<Record<string, unknown>>;

export interface FactorsSummary {
  readonly methods: readonly string[];
  readonly recoveryCodesLeft: number;
}

@Injectable()
export class SecondFactors {
  private readonly kinds = new Map<string, SecondFactorKind>();

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
    @InjectDataSource() private readonly database: DataSource,
    private readonly users: UsersService,
    private readonly audit: Audit,
    private readonly loginGuard: LoginGuard,
    private readonly sessions: Sessions,
    private readonly outbox: Outbox,
    private readonly recoveryCodes: RecoveryCodes,
  ) {}

  add(kind: SecondFactorKind): void {
    this.kinds.set(kind.name, kind);
  }

  /** What may be sent as the proof. Without a second factor: what proves as much as the password. */
  async proofsOf({ id, secondFactors }: Pick<User, 'id' | 'secondFactors'>): Promise<string[]> {
    const proofs = secondFactors.length === 0 ? [] : [...secondFactors, RECOVERY_CODE];
    for (const { name, isSetUp } of this.kinds.values())
      if (!proofs.includes(name) && (await isSetUp?.(id)) === true) proofs.push(name);
    return proofs;
  }

  async describe({ userId }: Principal): Promise<FactorsSummary> {
    const { secondFactors } = await this.users.require(userId);
    return {
      methods: secondFactors,
      recoveryCodesLeft: await this.recoveryCodes.count(this.database.manager, userId),
    };
  }

  /** As a wrong password is counted: before the comparison. @throws AppError `rate_limited` */
  count(user: User, client: Client): Promise<CountedGuess> {
    return this.loginGuard.count({ identifier: { secondFactorOf: user.id }, userId: user.id, client });
  }

  settle(guess: CountedGuess): Promise<void> {
    return this.loginGuard.clear(guess);
  }

  async settleLogin(guess: CountedGuess, user: User, client: Client): Promise<void> {
    await this.settle(guess);
    await this.loginGuard.clearOwner(user, client);
  }

  fail(guess: CountedGuess, error: unknown): Promise<void> {
    return this.loginGuard.fail(guess, error);
  }

  /** Lock the user's row first. A right proof is used up. */
  async take(tx: EntityManager, user: User, { proof, client }: { proof: Proof; client: Client }): Promise<boolean> {
    const [[name, value] = ['', undefined]] = Object.entries(proof);
    if (name === RECOVERY_CODE) return this.takeRecoveryCode(tx, user, { code: String(value), client });
    const kind = this.kinds.get(name);
    if (!kind || (!kind.isSetUp && !user.secondFactors.includes(name))) return false;
    return kind.take(tx, user.id, { value, client });
  }

  /** Proves the session that asks. @param user locked @returns codes, when it is the first second factor */
  async enable(tx: EntityManager, actor: Actor, { user, name }: { user: User; name: string }): Promise<string[]> {
    const isFirst = user.secondFactors.length === 0;
    if (!user.secondFactors.includes(name))
      await updateUser(tx, user.id, { secondFactors: [...user.secondFactors, name] });
    await this.sessions.prove(tx, actor.principal, true);
    await this.record(tx, actor, { user, action: 'second_factor.added', method: name });
    const content = secondFactorAddedMail({ username: user.username, method: this.titleOf(name) });
    await this.outbox.add(tx, { kind: 'second_factor_added', address: user.email, content, userId: user.id });
    return isFirst ? this.recoveryCodes.renew(tx, user.id) : [];
  }

  /** @param user with its row locked. @throws AppError `second_factor_kept` for staff that needs one */
  async disable(tx: EntityManager, actor: Actor, { user, name }: { user: User; name: string }): Promise<void> {
    const left = user.secondFactors.filter((other) => other !== name);
    if (left.length === 0 && this.isNeededBy(user)) throw new AppError('second_factor_kept');
    await this.keep(tx, user.id, left);
    await this.record(tx, actor, { user, action: 'second_factor.removed', method: name });
    const content = secondFactorRemovedMail({ username: user.username, method: this.titleOf(name) });
    await this.outbox.add(tx, { kind: 'second_factor_removed', address: user.email, content, userId: user.id });
  }

  isNeededBy({ role }: Pick<User, 'role'>): boolean {
    return this.config.staffNeedsSecondFactor && role !== 'user';
  }

  async renewRecoveryCodes(actor: Actor): Promise<string[]> {
    return this.database.transaction(async (tx) => {
      const user = await this.lockOwner(tx, actor.principal);
      if (user.secondFactors.length === 0) throw new AppError('no_second_factor');
      await this.record(tx, actor, { user, action: 'recovery_codes.renewed', method: RECOVERY_CODE });
      return this.recoveryCodes.renew(tx, user.id);
    });
  }

  /** For a change of factors: the session may have ended while the request waited for the lock.
   * @throws AppError `invalid_token`, `token_revoked`, `token_stale` */
  async lockOwner(tx: EntityManager, { userId, sessionId, epoch }: Principal): Promise<User> {
    const user = await this.users.lockById(tx, userId);
    if (!user) throw new AppError('invalid_token');
    await this.sessions.requireLive(tx, sessionId);
    if (user.tokenEpoch !== epoch) throw new AppError('token_stale');
    return user;
  }

  /** Lock the account's row first. @returns whether there was any */
  async forget(tx: EntityManager, { id, secondFactors }: User, since?: Date): Promise<boolean> {
    const left: string[] = [];
    let removed = 0;
    for (const kind of this.kinds.values()) {
      const forgotten = await kind.forget(tx, id, since);
      removed += forgotten.removed;
      if (forgotten.isLeft && secondFactors.includes(kind.name)) left.push(kind.name);
    }
    if (removed > 0) await this.keep(tx, id, left);
    return removed > 0;
  }

  async keep(tx: EntityManager, userId: string, left: readonly string[]): Promise<void> {
    await updateUser(tx, userId, { secondFactors: left });
    if (left.length > 0) return;
    await this.recoveryCodes.end(tx, userId);
    await this.sessions.forgetSecondFactors(tx, userId);
  }

  /** For a proved reader of the account's mail. Lock its row first. A second factor stays: a mailbox is one factor. But a
   * stranger may have made an account whose address was never confirmed. */
  async recover(tx: EntityManager, user: User, client: Client): Promise<void> {
    let removed = 0;
    for (const kind of this.kinds.values()) removed += (await kind.recovered?.(tx, user.id)) ?? 0;
    if (user.emailConfirmedAt === null && (await this.forget(tx, user))) removed += 1;
    if (removed > 0) await this.recordReset(tx, user, client);
  }

  async undo(tx: EntityManager, user: User, { client, since }: { client: Client; since?: Date }): Promise<void> {
    if (await this.forget(tx, user, since)) await this.recordReset(tx, user, client);
  }

  private async recordReset(tx: EntityManager, { id }: User, client: Client): Promise<void> {
    await this.audit.record(tx, client, [{ action: 'second_factors.reset', actorId: id, subjectId: id }]);
  }

  /** For an admin, whose claims and rank the caller has checked. Ends the account's sessions, and tells the owner. */
  async reset(tx: EntityManager, actor: Actor, userId: string): Promise<void> {
    const actorId = actor.principal.userId;
    const user = await this.users.lockById(tx, userId);
    if (!user) throw new AppError('user_not_found');
    if (!(await this.forget(tx, user))) return;
    const event = { action: 'second_factors.reset', actorId, subjectId: userId } as const;
    await this.audit.record(tx, actor, [event]);
    const content = secondFactorsResetMail({ username: user.username });
    await this.outbox.add(tx, { kind: 'second_factors_reset', address: user.email, content, userId });
    await this.sessions.endAll(tx, { userId, reason: 'second_factors_reset', actorId, client: actor });
  }

  private async takeRecoveryCode(
    tx: EntityManager,
    user: User,
    { code, client }: { code: string; client: Client },
  ): Promise<boolean> {
    const left = await this.recoveryCodes.take(tx, user.id, code);
    if (left === undefined) return false;
    const event = { action: 'recovery_code.used', actorId: user.id, subjectId: user.id, after: { left } } as const;
    await this.audit.record(tx, client, [event]);
    const content = recoveryCodeUsedMail({ username: user.username, left });
    await this.outbox.add(tx, { kind: 'recovery_code_used', address: user.email, content, userId: user.id });
    return true;
  }

  private async record(
    tx: EntityManager,
    actor: Actor,
    { user, action, method }: { user: User; action: AuditAction; method: string },
  ): Promise<void> {
    const { userId, sessionId } = actor.principal;
    await this.audit.record(tx, actor, [{ action, actorId: userId, subjectId: user.id, sessionId, after: { method } }]);
    onCommit(tx, () => {
      this.logger.info({ event: 'second_factors_changed', action, user: user.id, method }, 'second factors changed');
    });
  }

  private titleOf(name: string): string {
    return this.kinds.get(name)?.title ?? name;
  }
}

export function proofOf(fields: Proof): Proof {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  if (given.length === 1) return Object.fromEntries(given);
  const names = Object.keys(fields);
  const detail = `exactly one of ${names.join(', ')} is needed`;
  throw invalid(...names.map((name) => ({ pointer: `#/${name}`, code: 'exactly_one', detail })));
}
