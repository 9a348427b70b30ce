/** A person takes another e-mail address: by the mail of the new one, and for a week undone by the mail of the old one. */
import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Logger } from 'pino';
import { DataSource, type EntityManager } from 'typeorm';

import { Audit } from '../../audit/audit.js';
import { Clock } from '../../common/clock.js';
import { AppError, invalid } from '../../common/errors.js';
import { LOGGER } from '../../common/logger.js';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { Links } from '../../mail/links.js';
import { Outbox } from '../../mail/outbox.js';
import {
  emailChangeConflictMail,
  emailChangeMail,
  emailChangeNoticeMail,
  passwordWasResetMail,
} from '../../mail/templates.js';
import type { User } from '../../users/user.entity.js';
import type { AddressHolder } from '../../users/users.query.js';
import { UsersService } from '../../users/users.service.js';
import { MailedTokens, type OwnedToken } from '../mailed-tokens/mailed-tokens.js';
import { CurrentPassword } from '../login-guard/current-password.js';
import { FormerAddresses, type Undo } from './former-addresses.js';
import { LoginGuard } from '../login-guard/login-guard.js';
import { lockAccounts } from '../../users/locks.query.js';
import { Passwords } from '../hashing/passwords.js';
import { Deletions } from '../deletion/deletions.js';
import { Sessions } from '../sessions/sessions.js';
import type { Actor, Client } from '../../common/actor.js';

/** How often the current password is verified again when the account changes meanwhile. */
const ATTEMPTS = 3;

/** Who wants which address. */
interface Wish {
  /** As it was when the password was verified. */
  readonly user: User;
  readonly email: string;
}

@Injectable()
export class EmailChange {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
    @InjectDataSource() private readonly database: DataSource,
    private readonly clock: Clock,
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
  ) {}

  /**
   * Mails a link to the new address and a way back to the old one, if that was confirmed; the account's address stays as it
   * is. An account has one way back at most: with it, an address that came later gets none of its own. Where
   * REGISTER_CONFLICT is `conceal`, the same for an address that is another account's, whose owner is told instead.
   * @param wanted the address in canonical form
   * @throws AppError `validation_failed` for the address that it is already, `wrong_password`, `email_taken`,
   *   `account_disabled` after the right password, `token_revoked` when the caller's session ended meanwhile,
   *   `rate_limited` after many wrong passwords, or `overloaded`
   */
  async request(actor: Actor, wanted: { email: string; password: string }): Promise<void> {
    const { email, password } = wanted;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const user = await this.users.require(actor.principal.userId);
      if (email === user.email)
        throw invalid({
          pointer: '#/email',
          code: 'same_email',
          detail: 'must differ from the address of the account',
        });
      await this.currentPassword.require(actor, { user, password, failure: 'email.change_failed' });
      if (await this.database.transaction((tx) => this.begin(tx, actor, { user, email }))) return;
    }
    throw new AppError('overloaded');
  }

  /**
   * Gives the account the address that the token was mailed to. Sessions live on; whatever else was mailed ends, but for
   * the way back.
   * @throws AppError `invalid_account_token`, `account_disabled`, or `email_taken` when somebody has taken it meanwhile
   */
  async confirm(token: OwnedToken, client: Client): Promise<void> {
    const { userId, address } = token;
    await this.database.transaction(async (tx) => {
      const [account] = await lockAccounts(tx, [userId], this.clock.offsetMs);
      if (!account || address === null || !(await this.tokens.take(tx, token)))
        throw new AppError('invalid_account_token');
      if (account.disabled) throw new AppError('account_disabled');
      await this.users.changeEmail(tx, userId, address);
      await this.tokens.end(tx, userId);
      // Back at an earlier address: it is the account's own again, and no way back.
      await this.former.end(tx, { userId, email: address });
      await this.audit.record(tx, client, [{ action: 'email.changed', actorId: userId, subjectId: userId }]);
    });
    this.logger.info({ event: 'email_changed', user: userId }, 'e-mail address changed');
  }

  /**
   * Brings the old address back, or ends a change that was not confirmed yet. Whoever asked for it knew the password, so
   * there is a new one; and like a reset it ends all that the one before, or whoever had it, has left, also a deletion.
   * @throws AppError `invalid_account_token`, `validation_failed` for a password that would be guessed, or `overloaded`
   */
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

  /** @returns false when the account has changed since its password was verified */
  private async begin(tx: EntityManager, actor: Actor, { user, email }: Wish): Promise<boolean> {
    const { sessionId } = actor.principal;
    // Before the user's row, as everything that mails to an address locks it.
    await this.outbox.lockAddresses(tx, [email, user.email]);
    const now = await this.users.lockById(tx, user.id);
    if (!now || !isSame(now, user)) return false;
    await this.sessions.requireLive(tx, sessionId);
    const holder = await this.users.findHolder(tx, email, user.id);
    if (holder && !this.config.registration.concealConflicts) throw new AppError('email_taken');
    const maySend = await this.outbox.mayAdd(tx, 'email_change', email);
    const mayTell = await this.outbox.mayAdd(tx, 'email_change_notice', user.email);
    const kept = await this.former.prolong(tx, user.id);
    // A confirmed address is never lost without a way back: where it gets no other mail now, the one before is good.
    const undoable = mayTell || kept.length > 0 || now.emailConfirmedAt === null;
    if (!maySend || !undoable) return true;
    await this.send(tx, { user, email }, holder);
    // Nothing goes to an address that was not confirmed: it may be another person's.
    if (mayTell && now.emailConfirmedAt !== null) await this.tell(tx, user, kept);
    const event = { action: 'email.change_requested', actorId: user.id, subjectId: user.id, sessionId } as const;
    await this.audit.record(tx, actor, [event]);
    return true;
  }

  /** Also for an address that another account has there is a token, which ends the one before: nobody gets it. */
  private async send(tx: EntityManager, { user, email }: Wish, holder: AddressHolder | undefined): Promise<void> {
    const { token } = await this.tokens.issue(tx, { purpose: 'email_change', userId: user.id, address: email });
    const url = this.links.toPage('confirm', token);
    const content = holder ? emailChangeConflictMail(holder) : emailChangeMail({ username: user.username, url });
    await this.outbox.add(tx, { kind: 'email_change', address: email, content, userId: (holder ?? user).id });
  }

  /** @param kept where the account can be brought back to: an earlier address is stronger than the present one */
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
    await this.users.recover(tx, userId, hash);
    await this.tokens.end(tx, userId);
    // Whoever had the account may have deleted it, too.
    if (user.deletion === 'own') await this.deletions.cancel(tx, userId, { actorId: userId, client });
    const { username } = user;
    await this.loginGuard.forget(tx, { email, username });
    const content = passwordWasResetMail({ username });
    await this.outbox.add(tx, { kind: 'password_was_reset', address: email, content, userId });
  }
}

function isSame(a: User, b: User): boolean {
  return (['email', 'hashedPassword', 'tokenEpoch', 'status'] as const).every((column) => a[column] === b[column]);
}
