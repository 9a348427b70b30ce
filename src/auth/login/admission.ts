/** The last part of every kind of login: whether the account may log in, and its session. */
import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';

import { Audit } from '../../audit/audit.js';
import type { Client } from '../../common/actor.js';
import type { ErrorCode } from '../../common/error-codes.js';
import { AppError } from '../../common/errors.js';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import type { User } from '../../users/user.js';
import { UsersService } from '../../users/users.service.js';
import { Deletions } from '../deletion/deletions.js';
import { type Proved, Sessions, type Tokens } from '../sessions/sessions.js';

@Injectable()
export class Admission {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @InjectDataSource() private readonly database: DataSource,
    private readonly audit: Audit,
    private readonly users: UsersService,
    private readonly sessions: Sessions,
    private readonly deletions: Deletions,
  ) {}

  /** After the right proof only. @throws AppError `account_disabled`, `account_deleted`, `email_not_confirmed` */
  async require(user: User, client: Client): Promise<void> {
    if (await this.users.isDisabled(user)) throw await this.refuse(user, 'account_disabled', client);
    if (user.deletion === 'staff') throw await this.refuse(user, 'account_deleted', client);
    if (this.config.registration.requireConfirmation && user.emailConfirmedAt === null)
      throw await this.refuse(user, 'email_not_confirmed', client);
  }

  /** Cancels the owner's own deletion. @returns undefined when the account changed since the proof */
  start(proved: Proved, client: Client): Promise<Tokens | undefined> {
    if (proved.user.deletion === null) return this.sessions.start(this.database.manager, proved, client);
    return this.database.transaction((tx) => this.startWithin(tx, proved, client));
  }

  async startWithin(tx: EntityManager, proved: Proved, client: Client): Promise<Tokens | undefined> {
    const { id, deletion } = proved.user;
    const started = await this.sessions.start(tx, proved, client);
    if (started && deletion !== null) await this.deletions.cancel(tx, id, { actorId: id, client });
    return started;
  }

  /** The same work with or without an account. The identifier is not stored: it may be a password typed by mistake. */
  async refuse(user: Pick<User, 'id'> | undefined, code: ErrorCode, client: Client): Promise<AppError> {
    const subjectId = user?.id ?? null;
    await this.audit.record(undefined, client, [
      { action: 'login.failed', actorId: null, subjectId, after: { reason: code } },
    ]);
    return new AppError(code);
  }
}
