import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';

import { AppError } from '../common/errors.js';
import { Random } from '../common/random.js';
import { violatedConstraint } from '../database/pg-errors.js';
import { User } from './user.entity.js';

/** Exactly one of the two; the e-mail in canonical form. */
export type AccountIdentifier = { email: string } | { username: string };

export interface NewAccount {
  /** In canonical form. */
  readonly email: string;
  /** Undefined: a random one, never made from the e-mail. */
  readonly username: string | undefined;
  readonly hashedPassword: string;
}

@Injectable()
export class UsersService {
  constructor(
    @InjectRepository(User) private readonly users: Repository<User>,
    private readonly random: Random,
  ) {}

  /** @throws AppError `email_taken` or `username_taken` */
  async create({ email, username = this.randomUsername(), hashedPassword }: NewAccount): Promise<void> {
    try {
      await this.users.insert({ email, username, hashedPassword });
    } catch (error) {
      const constraint = violatedConstraint(error);
      if (constraint === 'users_email_key') throw new AppError('email_taken', { cause: error });
      if (constraint === 'users_username_key') throw new AppError('username_taken', { cause: error });
      throw error;
    }
  }

  findByIdentifier(identifier: AccountIdentifier): Promise<User | null> {
    if ('email' in identifier) return this.users.findOneBy({ email: identifier.email });
    return this.users
      .createQueryBuilder('u')
      .where('lower(u.username COLLATE "C") = :username', { username: identifier.username.toLowerCase() })
      .getOne();
  }

  findById(id: string): Promise<User | null> {
    return this.users.findOneBy({ id });
  }

  private randomUsername(): string {
    return `user_${this.random.bytes(10).toString('hex')}`;
  }
}
