/** Changes the e-mail address: confirmed from the new address, and for a week undone from the old one. */
import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Logger } from 'pino';
import { DataSource, type EntityManager } from 'typeorm';

import { Audit } from '../../audit/audit.js';
import { AppError, invalid } from '../../common/errors.js';
import { LOGGER } from '../../common/logger.js';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { Idempotency } from '../../idempotency/idempotency.js';
import type { IdempotentRequest } from '../../idempotency/idempotent-request.js';
import { Links } from '../../mail/links.js';
import { Outbox } from '../../mail/outbox.js';
import {
  emailChangeConflictMail,
  emailChangeMail,
  emailChangeNoticeMail,
  passwordWasResetMail,
} from '../../mail/templates.js';
import type { User } from '../../users/user.js';
import type { AddressHolder } from '../../users/users.query.js';
import { UsersService } from '../../users/users.service.js';
import { MailedTokens, type OwnedToken } from '../mailed-tokens/mailed-tokens.js';
import { CurrentPassword } from '../login-guard/current-password.js';
import { FormerAddresses, type Undo } from './former-addresses.js';
import { LoginGuard } from '../login-guard/login-guard.js';
import { lockAccounts } from '../../users/locks.query.js';
import { Passwords } from '../hashing/passwords.js';
import { Deletions } from '../deletion/deletions.js';
import { SecondFactors } from '../second-factors/second-factors.js';
import { Sessions } from '../sessions/sessions.js';
import type { Actor, Client } from '../../common/actor.js';

const ATTEMPTS = 3;

export interface NewAddress {
  readonly email: string;
  readonly password: string;
}

interface Wish {
  readonly user: User;
  readonly email: string;
}

@Injectable()
export class EmailChange {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
    @InjectDataSource() private readonly database: DataSource,
    private readonly users: UsersService,
    private readonly passwords: Passwords,
    private readonly currentPassword: CurrentPassword,
    private readonly loginGuard: LoginGuard,
    private readonly sessions: Sessions,
    private readonly tokens: MailedTokens,
    private readonly former: FormerAddresses,
    private readonly outbox: Outbox,
    private readonly links: Links,
    private readonly audit: Audit,
    private readonly deletions: Deletions,
    private readonly secondFactors: SecondFactors,
    private readonly idempotency: Idempotency,
  ) {}

  /** Mails a link to the new address and, if the old one was confirmed, a way back to it. Only one way back exists.
   * Where REGISTER_CONFLICT is `conceal`, a taken address gets the same answer, and its owner a mail.
   * @throws AppError `validation_failed`, `wrong_password`, `email_taken`, `account_disabled` after the right password,
   * `token_revoked`, `rate_limited`, `overloaded` */
  async request(actor: Actor, wanted: NewAddress, request: IdempotentRequest): Promise<void> {
    const { email, password } = wanted;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const user = await this.users.require(actor.principal.userId);
      await this.currentPassword.require(actor, { user, password, failure: 'email.change_failed' });
      if (await this.idempotency.transaction(request, (tx) => this.begin(tx, actor, { user, email }))) return;
    }
    throw new AppError('overloaded');
  }

  /** Ends other mailed tokens, but no way back. @throws `invalid_account_token`, `account_disabled`, `email_taken` */
  async confirm(token: OwnedToken, client: Client): Promise<void> {
    const { userId, address } = token;
    await this.database.transaction(async (tx) => {
      const [account] = await lockAccounts(tx, [userId]);
      if (!account || address === null || !(await this.tokens.take(tx, token)))
        throw new AppError('invalid_account_token');
      if (account.disabled) throw new AppError('account_disabled');
      await this.users.changeEmail(tx, userId, address);
      await this.tokens.end(tx, userId);
      await this.former.end(tx, { userId, email: address });
      await this.audit.record(tx, client, [{ action: 'email.changed', actorId: userId, subjectId: userId }]);
    });
    this.logger.info({ event: 'email_changed', user: userId }, 'e-mail address changed');
  }

  /** Restores the old address, or cancels an unconfirmed change. The requester knew the password, so it is replaced.
   * Like a reset, it ends sessions, tokens and a deletion.
   * @throws AppError `invalid_account_token`, `validation_failed`, `overloaded` */
  async undo(token: string, password: string, client: Client): Promise<void> {
    const undo = await this.former.find(token);
    const owner = undo && (await this.users.findById(undo.userId));
    if (!owner) throw new AppError('invalid_account_token');
    this.passwords.requireGood('#/new_password', password, { email: undo.email, username: owner.username });
    const hash = await this.passwords.hash(password, client.isGone);
    await this.database.transaction(async (tx) => {
      await this.restore(tx, { undo, hash, client });
      const event = { action: 'email.change_undone', actorId: owner.id, subjectId: owner.id } as const;
      await this.audit.record(tx, client, [event]);
      const end = { userId: owner.id, reason: 'email_undo', actorId: owner.id, client } as const;
      await this.sessions.endAll(tx, end);
    });
    this.logger.info({ event: 'email_change_undone', user: owner.id }, 'change of e-mail address undone');
  }

  private async begin(tx: EntityManager, actor: Actor, { user, email }: Wish): Promise<true | undefined> {
    if (email === user.email)
      throw invalid({
        pointer: '#/email',
        code: 'same_email',
        detail: 'must differ from the address of the account',
      });
    const { sessionId } = actor.principal;
    // Lock order: addresses before the user's row.
    await this.outbox.lockAddresses(tx, [email, user.email]);
    const now = await this.users.lockById(tx, user.id);
    if (!now || !isSame(now, user)) return undefined;
    await this.sessions.requireLive(tx, sessionId);
    const holder = await this.users.findHolder(tx, email, user.id);
    if (holder && !this.config.registration.concealConflicts) throw new AppError('email_taken');
    const maySend = await this.outbox.mayAdd(tx, 'email_change', email);
    const mayTell = await this.outbox.mayAdd(tx, 'email_change_notice', user.email);
    const kept = await this.former.prolong(tx, user.id);
    // A confirmed address is never lost without a way back; an earlier mail serves where the cap forbids another.
    const undoable = mayTell || kept.length > 0 || now.emailConfirmedAt === null;
    if (!maySend || !undoable) return true;
    await this.send(tx, { user, email }, holder);
    // An unconfirmed address gets no mail: it may be another person's.
    if (mayTell && now.emailConfirmedAt !== null) await this.tell(tx, user, kept);
    const event = { action: 'email.change_requested', actorId: user.id, subjectId: user.id, sessionId } as const;
    await this.audit.record(tx, actor, [event]);
    return true;
  }

  /** A taken address also gets a token, which nobody receives, at the same cost. */
  private async send(tx: EntityManager, { user, email }: Wish, holder: AddressHolder | undefined): Promise<void> {
    const { token } = await this.tokens.issue(tx, { purpose: 'email_change', userId: user.id, address: email });
    const url = this.links.toPage('confirm', token);
    const content = holder ? emailChangeConflictMail(holder) : emailChangeMail({ username: user.username, url });
    await this.outbox.add(tx, { kind: 'email_change', address: email, content, userId: (holder ?? user).id });
  }

  private async tell(tx: EntityManager, { id, email, username }: User, kept: readonly string[]): Promise<void> {
    const isWayBack = kept.every((address) => address === email);
    const url = isWayBack ? this.links.toPage('undo', await this.former.keep(tx, { userId: id, email })) : undefined;
    const content = emailChangeNoticeMail({ username, url });
    await this.outbox.add(tx, { kind: 'email_change_notice', address: email, content, userId: id });
  }

  private async restore(
    tx: EntityManager,
    { undo, hash, client }: { undo: Undo; hash: string; client: Client },
  ): Promise<void> {
    const { userId, email } = undo;
    const user = await this.users.lockById(tx, userId);
    if (!user || !(await this.former.take(tx, undo))) throw new AppError('invalid_account_token');
    await this.users.changeEmail(tx, userId, email);
    // They are of the person who changed the address.
    await this.secondFactors.undo(tx, user, { client, since: undo.since });
    await this.secondFactors.recover(tx, user, client);
    await this.users.recover(tx, userId, hash);
    await this.tokens.end(tx, userId);
    // A thief may have deleted the account, too.
    await this.deletions.cancel(tx, userId, { actorId: userId, client });
    const { username } = user;
    await this.loginGuard.forget(tx, { email, username });
    const content = passwordWasResetMail({ username });
    await this.outbox.add(tx, { kind: 'password_was_reset', address: email, content, userId });
  }
}

function isSame(a: User, b: User): boolean {
  return (['email', 'hashedPassword', 'tokenEpoch', 'status'] as const).every((column) => a[column] === b[column]);
}
