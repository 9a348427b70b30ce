/** Password hashes (bcrypt), and the same work whether or not there is one to compare with. */
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import bcrypt from 'bcrypt';

import { Random } from '../common/random.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { HashQueue } from './hash-queue.js';

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

  /** @throws AppError `overloaded` */
  hash(password: string, isGone?: () => boolean): Promise<string> {
    return this.queue.run(() => bcrypt.hash(password, this.config.passwords.bcryptCost), isGone);
  }

  /**
   * @param hash undefined when there is no such account: a decoy of the configured cost is compared instead
   * @throws AppError `overloaded`
   */
  async verify(password: string, hash: string | undefined, isGone?: () => boolean): Promise<boolean> {
    const decoy = await this.decoy;
    const comparable = Buffer.byteLength(password) <= PASSWORD_MAX_BYTES;
    const real = comparable ? hash : undefined;
    const matches = await this.queue.run(() => bcrypt.compare(comparable ? password : '', real ?? decoy), isGone);
    return real !== undefined && matches;
  }
}
