/** Password hashes (bcrypt), and the same work whether or not there is one to compare with. */
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

/** bcrypt ignores what comes after; so longer passwords are refused, never cut. */
export const PASSWORD_MAX_BYTES = 72;

/** bcrypt's own. */
const LEAST_COST = 4;

/** A job of the thread pool without work. */
const nothing = promisify(randomBytes);

export interface Verdict {
  readonly right: boolean;
  /** Whether the hash should be made anew from the password. */
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

  /** Of its composed form (NFC), whichever form the keyboard sent. @throws AppError `overloaded` */
  hash(password: string, isGone?: () => boolean): Promise<string> {
    return this.queue.run(() => bcrypt.hash(password.normalize('NFC'), this.config.passwords.bcryptCost), isGone);
  }

  /**
   * A refusal costs one hash of the configured cost for each spelling of the password, whatever it is refused for; only a
   * stored hash of a higher cost costs more. An empty password is never right.
   * @param hash undefined when there is no such account
   * @throws AppError `overloaded`
   */
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

  /** Of a lower cost than configured, or of another version. */
  private isOutdated({ cost, version }: BcryptHash): boolean {
    const { bcryptCost } = this.config.passwords;
    return cost < bcryptCost || (cost === bcryptCost && version !== 'b');
  }

  /**
   * Costs double from one to the next, so that those from a lower one up to below the configured make up for it exactly. In
   * as many jobs for every account: each is a turn of the event loop, which on a busy machine can be measured.
   */
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

/** PUBLIC_URL, APP_URL and MAIL_FROM say what people call the service. */
function serviceNamesOf({ http, mail }: Config): string[] {
  const hosts = [http.publicUrl, mail.appUrl].map((url) => (url === undefined ? '' : new URL(url).hostname));
  return [...hosts.flatMap((host) => host.split('.').slice(0, -1)), mail.from.name];
}
