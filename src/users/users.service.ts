import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';

import { Audit } from '../audit/audit.js';
import { AppError } from '../common/errors.js';
import { Cursors, Page } from '../common/pagination.js';
import { Random } from '../common/random.js';
import { violatedConstraint } from '../database/pg-errors.js';
import { lockUsernames } from './locks.query.js';
import type { User } from './user.js';
import {
  abandonAccount,
  type AccountIdentifier,
  type AddressHolder,
  insertUser,
  isTaken,
  type ListedUser,
  replaceHash,
  selectAccount,
  selectHolder,
  selectIsDisabled,
  selectUser,
  selectUserPage,
  updateEmail,
  updateUser,
  type UserFilter,
  userKey,
  type UserSort,
} from './users.query.js';
import type { Actor } from '../common/actor.js';

export interface NewAccount {
  readonly email: string;
  readonly username: string | undefined;
  readonly hashedPassword: string;
}

export interface ProfileChanges {
  readonly username?: string | undefined;
  readonly displayName?: string | null | undefined;
  readonly bio?: string | null | undefined;
}

@Injectable()
export class UsersService {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    private readonly audit: Audit,
    private readonly random: Random,
    private readonly cursors: Cursors,
  ) {}

  async create(
    tx: EntityManager,
    { email, username = this.randomUsername(), hashedPassword }: NewAccount,
  ): Promise<User | undefined> {
    try {
      return await insertUser(tx, { email, username, hashedPassword });
    } catch (error) {
      if (violatedConstraint(error) !== 'users_username_key') throw error;
      throw new AppError('username_taken', { cause: error });
    }
  }

  findByIdentifier(identifier: AccountIdentifier): Promise<User | undefined> {
    return selectAccount(this.database.manager, identifier);
  }

  async requireFree(tx: EntityManager, username: string): Promise<void> {
    if (await isTaken(tx, username)) throw new AppError('username_taken');
  }

  findById(id: string): Promise<User | undefined> {
    return selectAccount(this.database.manager, { id });
  }

  async require(id: string): Promise<User> {
    const user = await this.findById(id);
    if (!user) throw new AppError('invalid_token');
    return user;
  }

  /** Lock order: before everything else of the account. */
  lockByEmail(tx: EntityManager, email: string): Promise<User | undefined> {
    return selectAccount(tx, { email }, 'locked');
  }

  lockById(tx: EntityManager, id: string): Promise<User | undefined> {
    return selectAccount(tx, { id }, 'locked');
  }

  /** Writes given fields only. @throws AppError `username_taken`, `invalid_token` */
  async updateProfile(actor: Actor, changes: ProfileChanges): Promise<User> {
    return this.database.transaction(async (tx) => {
      const before = await this.lockById(tx, actor.principal.userId);
      if (!before) throw new AppError('invalid_token');
      const user = await this.change(tx, before, changes);
      if (user.username !== before.username) await this.recordName(tx, actor, { before, user });
      return user;
    });
  }

  private async recordName(
    tx: EntityManager,
    actor: Actor,
    { before, user }: { before: User; user: User },
  ): Promise<void> {
    const { userId, sessionId } = actor.principal;
    await this.audit.record(tx, actor, [
      {
        action: 'user.renamed',
        actorId: userId,
        subjectId: userId,
        sessionId,
        before: { username: before.username },
        after: { username: user.username },
      },
    ]);
  }

  /** Lock the row first. @throws AppError `username_taken` */
  private async change(tx: EntityManager, user: User, changes: ProfileChanges): Promise<User> {
    const { username } = changes;
    if (username !== undefined) await lockUsernames(tx, [user.username, username]);
    if (Object.values(changes).every((value) => value === undefined)) return user;
    try {
      return await updateUser(tx, user.id, changes);
    } catch (error) {
      if (violatedConstraint(error) !== 'users_username_key') throw error;
      throw new AppError('username_taken', { cause: error });
    }
  }

  async confirm(tx: EntityManager, id: string): Promise<void> {
    await updateUser(tx, id, { confirm: true });
  }

  /** For a proved reader of the account's mail, which confirms the address. */
  async recover(tx: EntityManager, id: string, hashedPassword: string): Promise<void> {
    await updateUser(tx, id, { hashedPassword, confirm: true });
  }

  /** A new, empty account takes the address; the old one is erased. For a proved reader of its mail. */
  async replace(tx: EntityManager, { id, email }: User, hashedPassword: string): Promise<User> {
    await abandonAccount(tx, id);
    const user = await this.create(tx, { email, username: undefined, hashedPassword });
    if (!user) throw new AppError('email_taken');
    await this.confirm(tx, user.id);
    return user;
  }

  /** For a proved reader of the new address, which confirms it. @throws AppError `email_taken` */
  async changeEmail(tx: EntityManager, id: string, email: string): Promise<void> {
    try {
      if (!(await updateEmail(tx, { id, email }))) throw new AppError('email_taken');
    } catch (error) {
      if (violatedConstraint(error) !== 'users_email_key') throw error;
      throw new AppError('email_taken', { cause: error });
    }
  }

  findHolder(tx: EntityManager, email: string, except?: string): Promise<AddressHolder | undefined> {
    return selectHolder(tx, { email, except });
  }

  async describe(id: string): Promise<ListedUser> {
    const user = await selectUser(this.database.manager, id);
    if (!user) throw new AppError('user_not_found');
    return user;
  }

  async list(
    filter: UserFilter,
    { sort, cursor, limit }: { sort: UserSort; cursor: string | undefined; limit: number },
  ): Promise<Page<ListedUser>> {
    const scope = `users ${sort}`;
    const after = cursor === undefined ? undefined : this.cursors.decode(scope, cursor);
    const rows = await selectUserPage(this.database.manager, filter, { sort, after, limit: limit + 1 });
    return Page.cut(rows, limit, (last) => this.cursors.encode(scope, userKey(sort, last)));
  }

  async isDisabled({ id, status, disabledUntil }: User): Promise<boolean> {
    if (status === 'active' || !disabledUntil) return status === 'disabled';
    return selectIsDisabled(this.database.manager, id);
  }

  /** @returns false when the account changed since its password was verified; otherwise its row stays locked */
  replaceHash(user: User, hash: string, tx: EntityManager = this.database.manager): Promise<boolean> {
    return replaceHash(tx, user, hash);
  }

  private randomUsername(): string {
    return `user_${this.random.bytes(10).toString('hex')}`;
  }
}
