/** Password hashes (bcrypt), at equal cost with or without an account, against timing attacks. */
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';

import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import bcrypt from 'bcrypt';

import { invalid } from '../../common/errors.js';
import { Random } from '../../common/random.js';
import { codePoints, spellingsOf } from '../../common/text.js';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { type BcryptHash, parseHash } from './bcrypt-hash.js';
import { HashQueue } from './hash-queue.js';
import { guessable, type PasswordOwner } from './password-rules.js';

/** bcrypt ignores all later bytes: longer passwords are refused, never cut. */
export const PASSWORD_MAX_BYTES = 72;

const LEAST_COST = 4;
const NIST_ALONE = 15;

const nothing = promisify(randomBytes);

export interface Verdict {
  readonly right: boolean;
  readonly outdated: boolean;
}

@Injectable()
export class Passwords implements OnModuleInit {
  private decoy: Promise<string>;
  private readonly serviceNames: readonly string[];

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly random: Random,
    private readonly queue: HashQueue,
  ) {
    this.serviceNames = serviceNamesOf(config);
  }

  /** Hashed at start, so that the first login of an unknown account takes no longer than the second. */
  onModuleInit(): void {
    this.decoy = this.hash(this.random.bytes(24).toString('base64'));
  }

  requireGood(pointer: string, password: string, owner: PasswordOwner): void {
    const minLength = this.minLengthFor(owner);
    const composed = password.normalize('NFC');
    if (codePoints(composed) < minLength) {
      throw invalid({ pointer, code: 'too_short', detail: `must have at least ${minLength} characters` });
    }
    if (![password, composed].every(isShortEnough)) {
      throw invalid({ pointer, code: 'too_long', detail: `must have at most ${PASSWORD_MAX_BYTES} bytes in UTF-8` });
    }
    const reason = guessable(password, owner, this.serviceNames);
    if (reason) throw invalid({ pointer, ...reason });
  }

  /** NIST SP 800-63B-4 section 3.1.1.2: a password that is the only factor has 15 characters, another 8. */
  private minLengthFor({ secondFactors = [] }: PasswordOwner): number {
    const { minLength, policy } = this.config.passwords;
    return policy === 'nist' && secondFactors.length === 0 ? Math.max(minLength, NIST_ALONE) : minLength;
  }

  /** Hashes the composed form (NFC), since keyboards differ. @throws AppError `overloaded` */
  hash(password: string, isGone?: () => boolean): Promise<string> {
    return this.queue.run(() => bcrypt.hash(password.normalize('NFC'), this.config.passwords.bcryptCost), isGone);
  }

  /** Each spelling costs one hash of the configured cost, whatever the reason of a refusal: timing tells nothing.
   * Only a stored hash of a higher cost takes longer. @throws AppError `overloaded` */
  async verify(password: string, hash: string | undefined, isGone?: () => boolean): Promise<Verdict> {
    const decoy = await this.decoy;
    const stored = parseHash(hash);
    return this.queue.run(async () => {
      for (const spelling of spellingsOf(password)) {
        const compared = spelling !== '' && isShortEnough(spelling) ? stored : undefined;
        if (!compared) await bcrypt.compare('', decoy);
        else if (await bcrypt.compare(spelling, compared.comparable))
          return { right: true, outdated: this.isOutdated(compared) || spelling !== password.normalize('NFC') };
        await this.topUp(compared?.cost);
      }
      return { right: false, outdated: false };
    }, isGone);
  }

  private isOutdated({ cost, version }: BcryptHash): boolean {
    const { bcryptCost } = this.config.passwords;
    return cost < bcryptCost || (cost === bcryptCost && version !== 'b');
  }

  /** Makes cheaper stored hashes cost the same: costs double, so the sum up to the configured one fits exactly.
   * The number of jobs is the same for every account, too: each is a measurable turn of the event loop. */
  private async topUp(from = this.config.passwords.bcryptCost): Promise<void> {
    for (let cost = LEAST_COST; cost < this.config.passwords.bcryptCost; cost += 1) {
      if (cost >= from) await bcrypt.hash('', cost);
      else await bcrypt.genSalt(cost).then(() => nothing(1));
    }
  }
}

function isShortEnough(password: string): boolean {
  return Buffer.byteLength(password) <= PASSWORD_MAX_BYTES;
}

function serviceNamesOf({ http, mail }: Config): string[] {
  const hosts = [http.publicUrl, mail.appUrl].map((url) => (url === undefined ? '' : new URL(url).hostname));
  return [...hosts.flatMap((host) => host.split('.').slice(0, -1)), mail.from.name];
}
