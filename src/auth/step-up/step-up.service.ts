import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';

import { Audit } from '../../audit/audit.js';
import type { Principal, StepUpOptions } from '../../common/access.js';
import type { Actor } from '../../common/actor.js';
import { AppError } from '../../common/errors.js';
import type { User } from '../../users/user.js';
import { UsersService } from '../../users/users.service.js';
import { CurrentPassword } from '../login-guard/current-password.js';
import { type Proof, SecondFactors } from '../second-factors/second-factors.js';
import { Sessions } from '../sessions/sessions.js';

export const FRESH_MS = 10 * 60_000;
export const PASSWORD = 'password';

type Owner = Pick<User, 'id' | 'role' | 'secondFactors'>;

@Injectable()
export class StepUpService {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    private readonly audit: Audit,
    private readonly users: UsersService,
    private readonly currentPassword: CurrentPassword,
    private readonly secondFactors: SecondFactors,
    private readonly sessions: Sessions,
  ) {}

  async require(principal: Principal, { passwordInBody = false }: StepUpOptions): Promise<true> {
    const { isFresh, secondFactor, ...account } = await this.sessions.proofOf(principal, FRESH_MS);
    const owner = { ...account, id: principal.userId };
    if (isFresh && secondFactor) return true;
    const needsSecondFactor = await this.needsSecondFactor(owner);
    if (!needsSecondFactor && (passwordInBody || isFresh)) return true;
    throw await this.required(owner);
  }

  /** @throws AppError `step_up_required` for a password where a second factor is needed, `wrong_password`,
   * `wrong_second_factor`, `rate_limited`, `overloaded`, `account_disabled` */
  async prove(actor: Actor, proof: Proof): Promise<Date> {
    const user = await this.users.require(actor.principal.userId);
    const { password } = proof;
    if (typeof password !== 'string') return this.proveSecondFactor(actor, user, proof);
    if (await this.needsSecondFactor(user)) throw await this.required(user);
    await this.currentPassword.require(actor, { user, password, failure: 'step_up.failed' });
    return this.database.transaction((tx) => this.succeed(tx, actor, PASSWORD));
  }

  private async proveSecondFactor(actor: Actor, user: User, proof: Proof): Promise<Date> {
    if (!(await this.secondFactors.proofsOf(user)).some((name) => name in proof)) throw await this.required(user);
    const guess = await this.secondFactors.count(user, actor);
    try {
      const at = await this.database.transaction(async (tx) => {
        const now = await this.users.lockById(tx, user.id);
        if (!now || !(await this.secondFactors.take(tx, now, { proof, client: actor }))) return undefined;
        return this.succeed(tx, actor, Object.keys(proof).join());
      });
      if (!at) throw await this.failed(actor);
      await this.secondFactors.settle(guess);
      return at;
    } catch (error) {
      await this.secondFactors.fail(guess, error);
      throw error;
    }
  }

  private async succeed(tx: Parameters<Sessions['prove']>[0], actor: Actor, method: string): Promise<Date> {
    const { userId, sessionId } = actor.principal;
    const at = await this.sessions.prove(tx, actor.principal, method !== PASSWORD);
    const event = { action: 'step_up.succeeded', actorId: userId, subjectId: userId, sessionId } as const;
    await this.audit.record(tx, actor, [{ ...event, after: { method } }]);
    return at;
  }

  private async failed(actor: Actor): Promise<AppError> {
    const { userId, sessionId } = actor.principal;
    const event = { action: 'step_up.failed', actorId: userId, subjectId: userId, sessionId } as const;
    await this.audit.record(undefined, actor, [event]);
    return new AppError('wrong_second_factor');
  }

  /** Staff that must have one may have a passkey that no login asks for. */
  private async needsSecondFactor(owner: Owner): Promise<boolean> {
    if (owner.secondFactors.length > 0) return true;
    return this.secondFactors.isNeededBy(owner) && (await this.secondFactors.proofsOf(owner)).length > 0;
  }

  private async required(owner: Owner): Promise<AppError> {
    const proofs = await this.secondFactors.proofsOf(owner);
    const needsSecondFactor = await this.needsSecondFactor(owner);
    return new AppError('step_up_required', { proofs: needsSecondFactor ? proofs : [PASSWORD, ...proofs] });
  }
}
