/** Creates the first admin from ADMIN_EMAIL and ADMIN_PASSWORD at start when there is none. */
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Logger } from 'pino';
import { DataSource } from 'typeorm';

import { Passwords } from '../auth/hashing/passwords.js';
import { AppError } from '../common/errors.js';
import { LOGGER } from '../common/logger.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { ConfigError } from '../config/environment.js';
import { canonicalEmail } from '../users/email.js';
import { Admins } from './admins.js';
import { isThereAnAdmin, lockFirstAdmin } from './first-admin.query.js';

@Injectable()
export class FirstAdmin implements OnApplicationBootstrap {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
    @InjectDataSource() private readonly database: DataSource,
    private readonly admins: Admins,
    private readonly passwords: Passwords,
  ) {}

  /** Never changes an existing account; safe on any number of instances. @throws ConfigError for bad variables */
  async onApplicationBootstrap(): Promise<void> {
    const { firstAdmin } = this.config;
    if (!firstAdmin || (await isThereAnAdmin(this.database.manager))) return;
    const email = this.checked(firstAdmin);
    const hashedPassword = await this.passwords.hash(firstAdmin.password);
    try {
      await this.make(email, hashedPassword);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'email_taken') throw error;
      this.logger.warn(
        { event: 'first_admin_not_made' },
        'there is no admin, but ADMIN_EMAIL already has an account, which stays unchanged',
      );
    }
  }

  private checked({ email, password }: { email: string; password: string }): string {
    const canonical = canonicalEmail(email);
    if (canonical === undefined) throw new ConfigError(['ADMIN_EMAIL must be an e-mail address']);
    try {
      this.passwords.requireGood('#/password', password, { email: canonical, username: undefined });
    } catch (error) {
      const [fault] = error instanceof AppError ? (error.fields ?? []) : [];
      if (fault) throw new ConfigError([`ADMIN_PASSWORD ${fault.detail}`]);
      throw error;
    }
    return canonical;
  }

  private async make(email: string, hashedPassword: string): Promise<void> {
    await this.database.transaction(async (tx) => {
      await lockFirstAdmin(tx);
      if (await isThereAnAdmin(tx)) return;
      const id = await this.admins.insert(tx, { email, hashedPassword });
      if (id === undefined) throw new AppError('email_taken');
      this.logger.info({ event: 'first_admin_made', user: id }, 'the first admin is made');
    });
  }
}
