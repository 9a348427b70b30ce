import { Injectable } from '@nestjs/common';
import { InjectDataSource, InjectRepository } from '@nestjs/typeorm';
import { DataSource, type EntityManager, IsNull, Not, Or, Repository } from 'typeorm';

import { Audit } from '../audit/audit.js';
import { AppError } from '../common/errors.js';
import { Cursors, Page } from '../common/pagination.js';
import { Random } from '../common/random.js';
import { violatedConstraint } from '../database/pg-errors.js';
import { lockUsernames } from './locks.query.js';
import { User } from './user.entity.js';
import {
  abandonAccount,
  type AddressHolder,
  insertUser,
  IS_ERASING,
  type ListedUser,
  selectHolder,
  selectIsDisabled,
  selectUser,
  selectUserPage,
  updateEmail,
  type UserFilter,
  userKey,
  type UserSort,
} from './users.query.js';
import type { Actor } from '../common/actor.js';

export type AccountIdentifier = { email: string } | { username: string };

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

/** Allows concurrent inserts of rows that refer to the user. */
const LOCK = { mode: 'for_no_key_update' } as const;

const FIRST_CONFIRMED = 'coalesce(email_confirmed_at, clock_timestamp())';

const NOT_ERASING = { deletion: Or(IsNull(), Not('erasing' as const)) };

@Injectable()
export class UsersService {
  constructor(
    @InjectRepository(User) private readonly users: Repository<User>,
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
      const id = await insertUser(tx, { email, username, hashedPassword });
      return id === undefined ? undefined : await tx.findOneByOrFail(User, { id });
    } catch (error) {
      if (violatedConstraint(error) !== 'users_username_key') throw error;
      throw new AppError('username_taken', { cause: error });
    }
  }

  findByIdentifier(identifier: AccountIdentifier, manager = this.users.manager): Promise<User | null> {
    if ('email' in identifier) return manager.findOneBy(User, { email: identifier.email, ...NOT_ERASING });
    return manager
      .createQueryBuilder(User, 'u')
      .where('lower(u.username COLLATE "C") = :username', { username: identifier.username.toLowerCase() })
      .andWhere(`NOT ${IS_ERASING.text}`)
      .getOne();
  }

  /** Erasing accounts count, too: else the unique index would tell which address is known. */
  async requireFree(tx: EntityManager, username: string): Promise<void> {
    const taken = await tx
      .createQueryBuilder(User, 'u')
      .where('lower(u.username COLLATE "C") = :username', { username: username.toLowerCase() })
      .getExists();
    if (taken) throw new AppError('username_taken');
  }

  findById(id: string): Promise<User | null> {
    return this.users.findOneBy({ id, ...NOT_ERASING });
  }

  async require(id: string): Promise<User> {
    const user = await this.findById(id);
    if (!user) throw new AppError('invalid_token');
    return user;
  }

  /** Lock order: before everything else of the account. */
  lockByEmail(tx: EntityManager, email: string): Promise<User | null> {
    return tx.findOne(User, { where: { email, ...NOT_ERASING }, lock: LOCK });
  }

  lockById(tx: EntityManager, id: string): Promise<User | null> {
    return tx.findOne(User, { where: { id, ...NOT_ERASING }, lock: LOCK });
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

  /** The audit keeps names, so that its readers know who acted under which name. */
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
  private async change(tx: EntityManager, { id, username }: User, changes: ProfileChanges): Promise<User> {
    if (changes.username !== undefined) await lockUsernames(tx, [username, changes.username]);
    const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
    try {
      if (Object.keys(given).length > 0) await tx.update(User, { id }, given);
    } catch (error) {
      if (violatedConstraint(error) !== 'users_username_key') throw error;
      throw new AppError('username_taken', { cause: error });
    }
    return tx.findOneByOrFail(User, { id });
  }

  async confirm(tx: EntityManager, id: string): Promise<void> {
    await tx.update(User, { id }, { emailConfirmedAt: () => FIRST_CONFIRMED });
  }

  /** For a proved reader of the account's mail, which confirms the address. */
  async recover(tx: EntityManager, id: string, hashedPassword: string): Promise<void> {
    await tx.update(User, { id }, { hashedPassword, emailConfirmedAt: () => FIRST_CONFIRMED });
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
    const user = await selectUser(this.users.manager, id);
    if (!user) throw new AppError('user_not_found');
    return user;
  }

  async list(
    filter: UserFilter,
    { sort, cursor, limit }: { sort: UserSort; cursor: string | undefined; limit: number },
  ): Promise<Page<ListedUser>> {
    const scope = `users ${sort}`;
    const after = cursor === undefined ? undefined : this.cursors.decode(scope, cursor);
    const rows = await selectUserPage(this.users.manager, filter, { sort, after, limit: limit + 1 });
    return Page.cut(rows, limit, (last) => this.cursors.encode(scope, userKey(sort, last)));
  }

  async isDisabled({ id, status, disabledUntil }: User): Promise<boolean> {
    if (status === 'active' || !disabledUntil) return status === 'disabled';
    return selectIsDisabled(this.users.manager, id);
  }

  /** @returns false when the account changed since its password was verified; otherwise its row stays locked */
  async replaceHash(user: User, hash: string, tx: EntityManager = this.users.manager): Promise<boolean> {
    const { id, hashedPassword, tokenEpoch, status } = user;
    const { affected } = await tx.update(User, { id, hashedPassword, tokenEpoch, status }, { hashedPassword: hash });
    return affected === 1;
  }

  private randomUsername(): string {
    return `user_${this.random.bytes(10).toString('hex')}`;
  }
}
