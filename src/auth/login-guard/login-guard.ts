/** Counts wrong passwords, so that nobody guesses for long and an owner is not locked out by who does. */
import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Logger } from 'pino';
import { DataSource, type EntityManager } from 'typeorm';

import { Audit } from '../../audit/audit.js';
import { networkOf } from '../../common/address.js';
import { Clock } from '../../common/clock.js';
import { ERRORS } from '../../common/error-codes.js';
import { AppError } from '../../common/errors.js';
import { LOGGER } from '../../common/logger.js';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { deriveKey, fingerprint } from '../../config/keys.js';
import type { AccountIdentifier } from '../../users/users.service.js';
import { KnownAddresses } from './known-addresses.js';
import {
  clearPair,
  type CountResult,
  countGuess,
  deleteCounters,
  type GuessKeys,
  markPauseTold,
  selectPause,
  takeGuessBack,
} from './login-guard.query.js';
import type { Client } from '../../common/actor.js';

/** A password that somebody presents. */
export interface Guess {
  /** As it was presented: counts by e-mail and by username are kept apart, so that one never betrays the other. */
  readonly identifier: AccountIdentifier;
  /** Undefined when there is no such account, which makes no difference to who guesses. */
  readonly userId: string | undefined;
  readonly client: Client;
}

/** A guess that is counted, until it is settled. */
export interface CountedGuess {
  readonly guess: Guess;
  readonly keys: GuessKeys;
  /** Undefined: nothing is counted. */
  readonly counted: CountResult | undefined;
}

@Injectable()
export class LoginGuard {
  private readonly key: Buffer;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
    @InjectDataSource() private readonly database: DataSource,
    private readonly audit: Audit,
    private readonly addresses: KnownAddresses,
    private readonly clock: Clock,
  ) {
    this.key = deriveKey(config.tokens.secret, 'login guard');
  }

  /**
   * Counts a guess before its password is looked at, so that parallel ones do not slip past. It stays counted unless it is
   * settled: also for a client that hangs up while it is hashed.
   * @throws AppError `rate_limited` without looking at the password, also at the right one
   */
  async count(guess: Guess): Promise<CountedGuess> {
    const keys = this.keysOf(guess);
    if (!this.config.loginGuard) return { guess, keys, counted: undefined };
    const counted = await countGuess(this.database.manager, keys, this.clock.offsetMs);
    if (counted.pair === null || (counted.account === null && !counted.known))
      throw await this.refuse(guess, keys, counted);
    return { guess, keys, counted };
  }

  /** After the right password: forgets the guesses of its client. */
  async clear({ keys, counted }: CountedGuess): Promise<void> {
    if (counted) await this.settle(clearPair(this.database.manager, keys, counted));
  }

  /** After a password that was not right, or that could not be looked at: only the first was a guess. */
  async fail({ guess, keys, counted }: CountedGuess, error: unknown): Promise<void> {
    if (error instanceof AppError && ERRORS[error.code].kind !== 'unavailable')
      this.logger.warn({ event: 'login_refused', code: error.code, user: guess.userId }, 'login refused');
    else if (counted) await this.settle(takeGuessBack(this.database.manager, keys, counted));
  }

  /** After a completed reset: what was guessed before was guessed at another password. */
  async forget(tx: EntityManager, { email, username }: { email: string; username: string }): Promise<void> {
    await deleteCounters(tx, [this.fingerprintOf({ email }), this.fingerprintOf({ username })]);
  }

  private async settle(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      // The login stands; one guess too many is counted.
      this.logger.warn({ err: error }, 'a guess could not be taken back');
    }
  }

  private async refuse(guess: Guess, keys: GuessKeys, counted: CountResult): Promise<AppError> {
    const { manager } = this.database;
    // Another guess closed the account after this one had passed the pair.
    if (counted.pair !== null) await takeGuessBack(manager, keys, counted);
    const closed = counted.known ? [keys.pair] : [keys.pair, keys.account];
    const { seconds: retryAfterSeconds, told } = await selectPause(manager, closed, this.clock.offsetMs);
    if (!told) await this.tell(guess, closed, retryAfterSeconds);
    this.logger.warn(
      {
        event: 'login_throttled',
        retry_after: retryAfterSeconds,
        ip: guess.client.ip,
        identifier: keys.account.toString('hex', 0, 6),
        user: guess.userId,
      },
      'login throttled',
    );
    return new AppError('rate_limited', { retryAfterSeconds });
  }

  /** Once for each pause: requests that are refused cost nothing, and must not fill the audit. */
  private async tell({ userId, client }: Guess, closed: readonly Buffer[], seconds: number): Promise<void> {
    await this.database.transaction(async (tx) => {
      if (!(await markPauseTold(tx, closed, this.clock.offsetMs))) return;
      const event = {
        action: 'login.throttled',
        actorId: null,
        subjectId: userId ?? null,
        after: { seconds },
      } as const;
      await this.audit.record(tx, client, [event]);
    });
  }

  private keysOf({ identifier, userId, client: { ip } }: Guess): GuessKeys {
    return {
      pair: this.fingerprintOf(identifier, ip === null ? 'unknown' : networkOf(ip)),
      account: this.fingerprintOf(identifier),
      address: this.addresses.idsOf(userId, ip),
    };
  }

  private fingerprintOf(identifier: AccountIdentifier, ...network: string[]): Buffer {
    const [kind, text] =
      'email' in identifier ? ['email', identifier.email] : ['username', identifier.username.toLowerCase()];
    return fingerprint(this.key, kind, text, ...network);
  }
}
