/** Counts wrong passwords, so that nobody guesses for long and an owner is not locked out by who does. */
import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Logger } from 'pino';
import { DataSource, type EntityManager } from 'typeorm';

import { Audit } from '../audit/audit.js';
import { networkOf } from '../common/address.js';
import { Clock } from '../common/clock.js';
import { ERRORS } from '../common/error-codes.js';
import { AppError } from '../common/errors.js';
import { LOGGER } from '../common/logger.js';
import type { Origin } from '../common/origin.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { deriveKey, fingerprint } from '../config/keys.js';
import type { AccountIdentifier } from '../users/users.service.js';
import { KnownAddresses } from './known-addresses.js';
import {
  clearPair,
  type CountedGuess,
  countGuess,
  deleteCounters,
  type GuessKeys,
  markPauseTold,
  selectPause,
  takeGuessBack,
} from './login-guard.query.js';

/** A password that somebody presents. */
export interface Guess {
  /** As it was presented: counts by e-mail and by username are kept apart, so that one never betrays the other. */
  readonly identifier: AccountIdentifier;
  /** Undefined when there is no such account, which makes no difference to who guesses. */
  readonly userId: string | undefined;
  readonly origin: Origin;
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
   * Verifies a password. The guess is counted before, so that parallel ones do not slip past, and stays counted when
   * `verify` refuses it: also for a client that hangs up while it is hashed.
   * @param verify throws AppError for a wrong password, `unavailable` when it could not look at it
   * @throws AppError `rate_limited` without looking at the password, also at the right one
   */
  async guarded<T>(guess: Guess, verify: () => Promise<T>): Promise<T> {
    const settle = this.config.loginGuard ? await this.count(guess) : undefined;
    const verified = verify();
    const outcome = await outcomeOf(verified);
    if (outcome instanceof AppError)
      this.logger.warn({ event: 'login_refused', code: outcome.code, user: guess.userId }, 'login refused');
    else await settle?.(outcome);
    return verified;
  }

  /** After a completed reset: what was guessed before was guessed at another password. */
  async forget(tx: EntityManager, { email, username }: { email: string; username: string }): Promise<void> {
    await deleteCounters(tx, [this.fingerprintOf({ email }), this.fingerprintOf({ username })]);
  }

  /** @returns what takes it back; @throws AppError `rate_limited` */
  private async count(guess: Guess): Promise<(outcome: 'right' | 'unknown') => Promise<void>> {
    const keys = this.keysOf(guess);
    const { manager } = this.database;
    const counted = await countGuess(manager, keys, this.clock.offsetMs);
    if (counted.pair === null || (counted.account === null && !counted.known))
      throw await this.refuse(guess, keys, counted);
    return async (outcome) => {
      try {
        await (outcome === 'right' ? clearPair : takeGuessBack)(manager, keys, counted);
      } catch (error) {
        // The login stands; one guess too many is counted.
        this.logger.warn({ err: error }, 'a guess could not be taken back');
      }
    };
  }

  private async refuse(guess: Guess, keys: GuessKeys, counted: CountedGuess): Promise<AppError> {
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
        ip: guess.origin.ip,
        identifier: keys.account.toString('hex', 0, 6),
        user: guess.userId,
      },
      'login throttled',
    );
    return new AppError('rate_limited', { retryAfterSeconds });
  }

  /** Once for each pause: requests that are refused cost nothing, and must not fill the audit. */
  private async tell({ userId, origin }: Guess, closed: readonly Buffer[], seconds: number): Promise<void> {
    await this.database.transaction(async (tx) => {
      if (!(await markPauseTold(tx, closed, this.clock.offsetMs))) return;
      const event = {
        action: 'login.throttled',
        actorId: null,
        subjectId: userId ?? null,
        after: { seconds },
      } as const;
      await this.audit.record(tx, origin, [event]);
    });
  }

  private keysOf({ identifier, userId, origin: { ip } }: Guess): GuessKeys {
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

/** @returns the refusal of a wrong password; `unknown` when something else went wrong */
async function outcomeOf(verified: Promise<unknown>): Promise<AppError | 'right' | 'unknown'> {
  try {
    await verified;
    return 'right';
  } catch (error) {
    // Said only after the right password.
    if (error instanceof AppError && error.code === 'email_not_confirmed') return 'right';
    return error instanceof AppError && ERRORS[error.code].kind !== 'unavailable' ? error : 'unknown';
  }
}
