/** Counts wrong passwords: guessing slows down, and the owner is not locked out by an attacker. */
import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Logger } from 'pino';
import { DataSource, type EntityManager } from 'typeorm';

import { Audit } from '../../audit/audit.js';
import { networkOf } from '../../common/address.js';
import { ERRORS } from '../../common/error-codes.js';
import { AppError } from '../../common/errors.js';
import { LOGGER } from '../../common/logger.js';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { deriveKey, fingerprint } from '../../common/crypto.js';
import type { AccountIdentifier } from '../../users/users.query.js';
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

const GUESSES_TO_TELL = 5;

export interface Guess {
  /** Kept apart for e-mail and username, so that a count never reveals that both name one account. */
  readonly identifier: AccountIdentifier | { secondFactorOf: string } | { mailedLoginTo: string };
  readonly userId: string | undefined;
  readonly client: Client;
}

export interface CountedGuess {
  readonly guess: Guess;
  readonly keys: GuessKeys;
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
  ) {
    this.key = deriveKey(config.tokens.secret, 'login guard');
  }

  /** Counts before the comparison, so that parallel guesses cannot slip past, nor clients that hang up.
   * @throws AppError `rate_limited` without comparing, also for the right password */
  async count(guess: Guess): Promise<CountedGuess> {
    const keys = this.keysOf(guess);
    if (!this.config.loginGuard) return { guess, keys, counted: undefined };
    const counted = await countGuess(this.database.manager, keys);
    if (counted.pair === null || (counted.account === null && !counted.known))
      throw await this.refuse(guess, keys, counted);
    return { guess, keys, counted };
  }

  async clear({ keys, counted }: CountedGuess): Promise<void> {
    if (counted) await this.settle(clearPair(this.database.manager, keys, counted));
  }

  /** Whether so many wrong guesses came before that the owner is told of the right one. */
  isSuspicious({ counted }: CountedGuess): boolean {
    return Math.max(counted?.pair ?? 0, counted?.account ?? 0) > GUESSES_TO_TELL;
  }

  /** The right password alone: it neither counts nor forgives what was guessed before. */
  async takeBack({ keys, counted }: CountedGuess): Promise<void> {
    if (counted) await this.settle(takeGuessBack(this.database.manager, keys, counted));
  }

  /** After a complete login in two steps: of this address, by e-mail and by username. */
  async clearOwner({ email, username }: { email: string; username: string }, { ip }: Client): Promise<void> {
    const network = ip === null ? 'unknown' : networkOf(ip);
    const pairs = [this.fingerprintOf({ email }, network), this.fingerprintOf({ username }, network)];
    await this.settle(deleteCounters(this.database.manager, pairs));
  }

  async fail({ guess, keys, counted }: CountedGuess, error: unknown): Promise<void> {
    if (error instanceof AppError && ERRORS[error.code].kind !== 'unavailable')
      this.logger.warn({ event: 'login_refused', code: error.code, user: guess.userId }, 'login refused');
    else if (error instanceof AppError) await this.takeBack({ guess, keys, counted });
    // The database may be silent: the client has waited long enough.
    else void this.takeBack({ guess, keys, counted });
  }

  async forget(tx: EntityManager, { email, username }: { email: string; username: string }): Promise<void> {
    await deleteCounters(tx, [this.fingerprintOf({ email }), this.fingerprintOf({ username })]);
  }

  private async settle(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.logger.warn({ err: error }, 'the count of a guess could not be taken back');
    }
  }

  private async refuse(guess: Guess, keys: GuessKeys, counted: CountResult): Promise<AppError> {
    const { manager } = this.database;
    // Another guess blocked the account after this one had passed the pair.
    if (counted.pair !== null) await takeGuessBack(manager, keys, counted);
    const closed = counted.known ? [keys.pair] : [keys.pair, keys.account];
    const { seconds: retryAfterSeconds, told } = await selectPause(manager, closed);
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
    return new AppError('rate_limited', { retryAfterSeconds, policies: ['password_guesses'] });
  }

  /** Once per pause: refused requests cost nothing, and must not fill the audit. */
  private async tell({ userId, client }: Guess, closed: readonly Buffer[], seconds: number): Promise<void> {
    await this.database.transaction(async (tx) => {
      if (!(await markPauseTold(tx, closed))) return;
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

  private fingerprintOf(identifier: Guess['identifier'], ...network: string[]): Buffer {
    const [kind, text] = named(identifier);
    return fingerprint(this.key, kind, text, ...network);
  }
}

function named(identifier: Guess['identifier']): [string, string] {
  if ('email' in identifier) return ['email', identifier.email];
  if ('username' in identifier) return ['username', identifier.username.toLowerCase()];
  if ('mailedLoginTo' in identifier) return ['mailed login', identifier.mailedLoginTo];
  return ['second factor', identifier.secondFactorOf];
}
