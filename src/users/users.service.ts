import { Injectable } from '@nestjs/common';
import { InjectDataSource, InjectRepository } from '@nestjs/typeorm';
import { DataSource, type EntityManager, IsNull, Not, Or, Repository } from 'typeorm';

import { Audit } from '../audit/audit.js';
import { Clock } from '../common/clock.js';
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
  isErasing,
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

/** Exactly one of the two; the e-mail in canonical form. */
export type AccountIdentifier = { email: string } | { username: string };

export interface NewAccount {
  /** In canonical form. */
  readonly email: string;
  /** Undefined: a random one, never made from the e-mail. */
  readonly username: string | undefined;
  readonly hashedPassword: string;
}

/** What is undefined stays; `null` clears. */
export interface ProfileChanges {
  readonly username?: string | undefined;
  readonly displayName?: string | null | undefined;
  readonly bio?: string | null | undefined;
}

/** Rows that refer to the user may be written meanwhile. */
const LOCK = { mode: 'for_no_key_update' } as const;

/** See isErasing. */
const NOT_ERASING = { deletion: Or(IsNull(), Not('erasing' as const)) };

@Injectable()
export class UsersService {
  constructor(
    @InjectRepository(User) private readonly users: Repository<User>,
    @InjectDataSource() private readonly database: DataSource,
    private readonly audit: Audit,
    private readonly random: Random,
    private readonly clock: Clock,
    private readonly cursors: Cursors,
  ) {}

  /**
   * @returns undefined when the address is taken: the transaction can go on
   * @throws AppError `username_taken`
   */
  async create(
    tx: EntityManager,
    { email, username = this.randomUsername(), hashedPassword }: NewAccount,
  ): Promise<User | undefined> {
    try {
      const id = await insertUser(tx, { email, username, hashedPassword, offsetMs: this.clock.offsetMs });
      return id === undefined ? undefined : await tx.findOneByOrFail(User, { id });
    } catch (error) {
      if (violatedConstraint(error) !== 'users_username_key') throw error;
      throw new AppError('username_taken', { cause: error });
    }
  }

  /** @param manager of the transaction, within one */
  findByIdentifier(identifier: AccountIdentifier, manager = this.users.manager): Promise<User | null> {
    if ('email' in identifier) return manager.findOneBy(User, { email: identifier.email, ...NOT_ERASING });
    return manager
      .createQueryBuilder(User, 'u')
      .where('lower(u.username COLLATE "C") = :username', { username: identifier.username.toLowerCase() })
      .andWhere(`NOT ${isErasing('u')}`)
      .getOne();
  }

  /** Of accounts that are being erased, too. @throws AppError `username_taken` */
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

  /** The caller's account. @throws AppError `invalid_token` when it is gone */
  async require(id: string): Promise<User> {
    const user = await this.findById(id);
    if (!user) throw new AppError('invalid_token');
    return user;
  }

  /** Until the end of the transaction; before anything else of the account is locked. */
  lockByEmail(tx: EntityManager, email: string): Promise<User | null> {
    return tx.findOne(User, { where: { email, ...NOT_ERASING }, lock: LOCK });
  }

  /** See {@link lockByEmail}. */
  lockById(tx: EntityManager, id: string): Promise<User | null> {
    return tx.findOne(User, { where: { id, ...NOT_ERASING }, lock: LOCK });
  }

  /**
   * Writes only what is given.
   * @throws AppError `username_taken`, or `invalid_token` when the account is gone
   */
  async updateProfile(actor: Actor, changes: ProfileChanges): Promise<User> {
    return this.database.transaction(async (tx) => {
      const before = await this.lockById(tx, actor.principal.userId);
      if (!before) throw new AppError('invalid_token');
      const user = await this.change(tx, before, changes);
      if (user.username !== before.username) await this.recordName(tx, actor, { before, user });
      return user;
    });
  }

  /** So that whoever reads the audit knows who did what under which name. */
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

  /** @param before as it is; its row is locked. @returns the account as it is then; @throws AppError `username_taken` */
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

  /** Whoever asks has proved to read the account's mail. */
  async confirm(tx: EntityManager, id: string): Promise<void> {
    await tx.update(User, { id }, { emailConfirmedAt: () => firstConfirmed(this.clock) });
  }

  /** Sets the hash for whoever has proved to read the account's mail, which confirms the address. */
  async recover(tx: EntityManager, id: string, hashedPassword: string): Promise<void> {
    await tx.update(User, { id }, { hashedPassword, emailConfirmedAt: () => firstConfirmed(this.clock) });
  }

  /** A new, empty account takes the address of another, which is erased. For a person who has proved to read its mail. */
  async replace(tx: EntityManager, { id, email }: User, hashedPassword: string): Promise<User> {
    await abandonAccount(tx, id, this.clock.offsetMs);
    const user = await this.create(tx, { email, username: undefined, hashedPassword });
    if (!user) throw new AppError('email_taken');
    await this.confirm(tx, user.id);
    return user;
  }

  /** For whoever has proved to read mail at the new address, which is confirmed by it. @throws AppError `email_taken` */
  async changeEmail(tx: EntityManager, id: string, email: string): Promise<void> {
    try {
      if (!(await updateEmail(tx, { id, email, offsetMs: this.clock.offsetMs }))) throw new AppError('email_taken');
    } catch (error) {
      if (violatedConstraint(error) !== 'users_email_key') throw error;
      throw new AppError('email_taken', { cause: error });
    }
  }

  /** Who has an address, or had it until lately so that it is kept for them. @param except whose own it may be */
  findHolder(tx: EntityManager, email: string, except?: string): Promise<AddressHolder | undefined> {
    return selectHolder(tx, { email, except, offsetMs: this.clock.offsetMs });
  }

  /** As admins see it. @throws AppError `user_not_found` */
  async describe(id: string): Promise<ListedUser> {
    const user = await selectUser(this.users.manager, id, this.clock.offsetMs);
    if (!user) throw new AppError('user_not_found');
    return user;
  }

  /** For admins. @throws AppError `validation_failed` for a cursor of another sort */
  async list(
    filter: UserFilter,
    { sort, cursor, limit }: { sort: UserSort; cursor: string | undefined; limit: number },
  ): Promise<Page<ListedUser>> {
    const scope = `users ${sort}`;
    const after = cursor === undefined ? undefined : this.cursors.decode(scope, cursor);
    const { offsetMs } = this.clock;
    const rows = await selectUserPage(this.users.manager, filter, { sort, after, limit: limit + 1, offsetMs });
    return Page.cut(rows, limit, (last) => this.cursors.encode(scope, userKey(sort, last)));
  }

  /** A ban with an end is over by itself, by the database's clock. */
  async isDisabled({ id, status, disabledUntil }: User): Promise<boolean> {
    if (status === 'active' || !disabledUntil) return status === 'disabled';
    return selectIsDisabled(this.users.manager, id, this.clock.offsetMs);
  }

  /**
   * Sets another hash if the account is still what it was when its password was verified; its row stays locked.
   * @param user as it was then
   * @returns false when it has changed meanwhile
   */
  async replaceHash(user: User, hash: string, tx: EntityManager = this.users.manager): Promise<boolean> {
    const { id, hashedPassword, tokenEpoch, status } = user;
    const { affected } = await tx.update(User, { id, hashedPassword, tokenEpoch, status }, { hashedPassword: hash });
    return affected === 1;
  }

  private randomUsername(): string {
    return `user_${this.random.bytes(10).toString('hex')}`;
  }
}

function firstConfirmed({ offsetMs }: Clock): string {
  return `coalesce(email_confirmed_at, clock_timestamp() + ${offsetMs} * interval '1 ms')`;
}
