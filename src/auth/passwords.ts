/** Password hashes (bcrypt), and the same work whether or not there is one to compare with. */
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import bcrypt from 'bcrypt';

import { invalid } from '../common/errors.js';
import { Random } from '../common/random.js';
import { codePoints } from '../common/text.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { parseHash } from './bcrypt-hash.js';
import { HashQueue } from './hash-queue.js';
import { guessable, type PasswordOwner } from './password-rules.js';

/** bcrypt ignores what comes after; so longer passwords are refused, never cut. */
export const PASSWORD_MAX_BYTES = 72;

@Injectable()
export class Passwords implements OnModuleInit {
  private decoy: Promise<string>;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly random: Random,
    private readonly queue: HashQueue,
  ) {}

  /** Begins at once, so that the first login of an unknown account takes no longer than the second. */
  onModuleInit(): void {
    this.decoy = this.hash(this.random.bytes(24).toString('base64'));
  }

  /**
   * For every password that somebody chooses.
   * @param pointer of the field that it came in
   * @throws AppError `validation_failed` when it is shorter than configured, longer than bcrypt reads, or would be guessed
   */
  requireGood(pointer: string, password: string, owner: PasswordOwner): void {
    const { minLength } = this.config.passwords;
    if (codePoints(password) < minLength) {
      throw invalid({ pointer, code: 'too_short', detail: `must have at least ${minLength} characters` });
    }
    if (Buffer.byteLength(password) > PASSWORD_MAX_BYTES) {
      throw invalid({ pointer, code: 'too_long', detail: `must have at most ${PASSWORD_MAX_BYTES} bytes in UTF-8` });
    }
    const reason = guessable(password, owner);
    if (reason) throw invalid({ pointer, ...reason });
  }

  /** @throws AppError `overloaded` */
  hash(password: string, isGone?: () => boolean): Promise<string> {
    return this.queue.run(() => bcrypt.hash(password, this.config.passwords.bcryptCost), isGone);
  }

  /**
   * A refusal costs one hash of the configured cost, whatever it is refused for; only a stored hash of a higher cost
   * costs more.
   * @param hash undefined when there is no such account
   * @throws AppError `overloaded`
   */
  async verify(password: string, hash: string | undefined, isGone?: () => boolean): Promise<boolean> {
    const decoy = await this.decoy;
    const stored = Buffer.byteLength(password) <= PASSWORD_MAX_BYTES ? parseHash(hash) : undefined;
    return this.queue.run(async () => {
      if (!stored) await bcrypt.compare('', decoy);
      const matches = stored !== undefined && (await bcrypt.compare(password, stored.comparable));
      if (stored && !matches) await this.topUp(stored.cost);
      return matches;
    }, isGone);
  }

  /** Whether it should be made anew from its password: of a lower cost than configured, or of another version. */
  isOutdated(hash: string): boolean {
    const stored = parseHash(hash);
    if (!stored) return false;
    const { bcryptCost } = this.config.passwords;
    return stored.cost < bcryptCost || (stored.cost === bcryptCost && stored.version !== 'b');
  }

  /** Costs double from one to the next, so that those from a lower one up to below the configured make up for it exactly. */
  private async topUp(from: number): Promise<void> {
    for (let cost = from; cost < this.config.passwords.bcryptCost; cost += 1) await bcrypt.hash('', cost);
  }
}
