import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';

import { Audit } from '../../audit/audit.js';
import type { Client } from '../../common/actor.js';
import type { ErrorCode } from '../../common/error-codes.js';
import { AppError } from '../../common/errors.js';
import type { User } from '../../users/user.js';
import { UsersService } from '../../users/users.service.js';
import { type Proof, SecondFactors } from '../second-factors/second-factors.js';
import type { Tokens } from '../sessions/sessions.js';
import { Admission } from './admission.js';
import { LoginTickets, TICKET_SECONDS } from './login-tickets.js';

export interface MfaTicket {
  readonly ticket: string;
  readonly methods: readonly string[];
  readonly expiresInSeconds: number;
}

interface Presented {
  readonly ticket: string;
  readonly proof: Proof;
}

@Injectable()
export class SecondStep {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    private readonly audit: Audit,
    private readonly users: UsersService,
    private readonly tickets: LoginTickets,
    private readonly secondFactors: SecondFactors,
    private readonly admission: Admission,
  ) {}

  async ask(user: User, client: Client): Promise<MfaTicket> {
    const event = { action: 'login.second_factor_asked', actorId: user.id, subjectId: user.id } as const;
    await this.audit.record(undefined, client, [event]);
    return {
      ticket: this.tickets.issue(user),
      methods: await this.secondFactors.proofsOf(user),
      expiresInSeconds: TICKET_SECONDS,
    };
  }

  /** @throws AppError `invalid_mfa_ticket`, `invalid_second_factor`, `account_disabled`, `rate_limited` */
  async complete({ ticket, proof }: Presented, client: Client): Promise<Tokens> {
    const user = await this.ownerOf(ticket);
    const guess = await this.secondFactors.count(user, client);
    try {
      const tokens = await this.database.transaction((tx) => this.start(tx, { user, proof }, client));
      if (typeof tokens === 'string') throw await this.admission.refuse(user, tokens, client);
      await this.secondFactors.settleLogin(guess, user, client);
      return tokens;
    } catch (error) {
      await this.secondFactors.fail(guess, error);
      throw error;
    }
  }

  private async ownerOf(ticket: string): Promise<User> {
    const presented = this.tickets.read(ticket);
    const user = presented && (await this.users.findById(presented.userId));
    if (!user || !this.tickets.isFor(presented, user)) throw new AppError('invalid_mfa_ticket');
    if (await this.users.isDisabled(user)) throw new AppError('account_disabled');
    return user;
  }

  /** The proof is used up only if the session starts. Lock order: the user's row first. */
  private async start(
    tx: EntityManager,
    { user, proof }: { user: User; proof: Proof },
    client: Client,
  ): Promise<Tokens | ErrorCode> {
    const now = await this.users.lockById(tx, user.id);
    if (!now) return 'invalid_mfa_ticket';
    if (!(await this.secondFactors.take(tx, now, { proof, client }))) return 'invalid_second_factor';
    const started = await this.admission.startWithin(tx, { user, secondFactor: true }, client);
    // Throws: nothing of it may be committed.
    if (!started) throw new AppError('invalid_mfa_ticket');
    return started;
  }
}
