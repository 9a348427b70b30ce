/** Admins by command, on the server itself: a shell there has access to the database anyway. */
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';

import { Audit } from '../audit/audit.js';
import { lockAccounts } from '../users/locks.query.js';
import { changeStanding } from './moderation.query.js';
import { Passwords } from '../auth/hashing/passwords.js';
import { NO_CLIENT } from '../common/actor.js';
import { AppError } from '../common/errors.js';
import { isStorable } from '../common/text.js';
import { canonicalEmail } from '../users/email.js';
import { updateUser } from '../users/users.query.js';
import { UsersService } from '../users/users.service.js';
import { type ListedAdmin, selectAdmins } from './admins.query.js';

export class AdminsError extends Error {}

@Injectable()
export class Admins {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    private readonly audit: Audit,
    private readonly users: UsersService,
    private readonly passwords: Passwords,
  ) {}

  async newAddress(text: string): Promise<string> {
    const email = addressOf(text);
    if (await this.users.findByIdentifier({ email })) throw hasAccount(email);
    if (await this.users.findHolder(this.database.manager, email))
      throw new AdminsError(`${email} is reserved for the account that had it until recently.`);
    return email;
  }

  async create(email: string, password: string): Promise<void> {
    this.requireGood(email, password);
    const hashedPassword = await this.passwords.hash(password);
    const made = await this.database.transaction((tx) => this.insert(tx, { email, hashedPassword }));
    if (made === undefined) throw hasAccount(email);
  }

  async insert(
    tx: EntityManager,
    { email, hashedPassword }: { email: string; hashedPassword: string },
  ): Promise<string | undefined> {
    const user = await this.users.create(tx, { email, username: undefined, hashedPassword });
    if (!user) return undefined;
    const { id } = user;
    await updateUser(tx, id, { role: 'admin', confirm: true });
    const event = { action: 'user.registered', actorId: null, subjectId: id, after: { role: 'admin' } } as const;
    await this.audit.record(tx, NO_CLIENT, [event]);
    return id;
  }

  /** Ends the account's access tokens on every instance; a refresh brings the new role. */
  async promote(text: string): Promise<{ email: string; promoted: boolean; confirmed: boolean }> {
    const email = addressOf(text);
    return this.database.transaction(async (tx) => {
      const user = await this.users.lockByEmail(tx, email);
      const [account] = user ? await lockAccounts(tx, [user.id]) : [];
      if (!user || !account)
        throw new AdminsError(`${email} has no account. Create one: npm run admin -- create ${email}`);
      const confirmed = user.emailConfirmedAt !== null;
      if (account.role === 'admin') return { email, promoted: false, confirmed };
      if (account.disabled) throw new AdminsError(`The account of ${email} is disabled. Enable it first.`);
      if (account.deletion)
        throw new AdminsError(`The account of ${email} will be deleted. Cancel the deletion first.`);
      await changeStanding(tx, account.id, { role: 'admin' });
      const [before, after] = [{ role: account.role }, { role: 'admin' }];
      const event = { action: 'user.role_changed', actorId: null, subjectId: account.id, before, after } as const;
      await this.audit.record(tx, NO_CLIENT, [event]);
      return { email, promoted: true, confirmed };
    });
  }

  list(): Promise<ListedAdmin[]> {
    return selectAdmins(this.database.manager);
  }

  private requireGood(email: string, password: string): void {
    if (!isStorable(password)) throw new AdminsError('The password must not contain NUL.');
    try {
      this.passwords.requireGood('#/password', password, { email, username: undefined });
    } catch (error) {
      const [fault] = error instanceof AppError ? (error.fields ?? []) : [];
      if (!fault) throw error;
      throw new AdminsError(`The password ${fault.detail}.`, { cause: error });
    }
  }
}

function addressOf(text: string): string {
  const email = canonicalEmail(text);
  if (email === undefined) throw new AdminsError(`${JSON.stringify(text)} is not an e-mail address.`);
  return email;
}

function hasAccount(email: string): AdminsError {
  return new AdminsError(`${email} already has an account. Make it an admin: npm run admin -- promote ${email}`);
}
