/** Mail: kept in the transaction that causes it, sent by SMTP or shown in the dev mailbox. */
import { type DynamicModule, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';

import type { Config } from '../config/config.js';
import { ListenerModule } from '../database/listener.module.js';
import { DevMailboxController } from './dev-mailbox.controller.js';
import { Links } from './links.js';
import { Mailer } from './mailer.js';
import { OutboxMail } from './outbox.entity.js';
import { Outbox } from './outbox.js';
import { OutboxWorker } from './outbox-worker.js';
import { Seals } from './seals.js';

@Module({
  imports: [ListenerModule, TypeOrmModule.forFeature([OutboxMail])],
  providers: [Outbox, OutboxWorker, Mailer, Seals, Links],
  exports: [Outbox, Links],
})
export class MailModule {
  /** @returns the module with the mailbox where the configuration has one */
  static with({ mail }: Config): DynamicModule {
    return { module: MailModule, controllers: mail.mailbox ? [DevMailboxController] : [] };
  }
}
