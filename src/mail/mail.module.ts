/** Mail: written in the transaction of its cause, sent by SMTP or shown in the dev mailbox. */
import { type DynamicModule, Module } from '@nestjs/common';
import { CleanupModule } from '../database/cleanup/cleanup.module.js';
import { Cleanup } from '../database/cleanup/cleanup.js';
import { DEAD_DECOYS, DEAD_MAILS } from './outbox.query.js';

import type { Config } from '../config/config.js';
import { ListenerModule } from '../database/listener.module.js';
import { DevMailboxController } from './dev-mailbox.controller.js';
import { Links } from './links.js';
import { Mailer } from './mailer.js';
import { Outbox } from './outbox.js';
import { OutboxWatch } from './outbox-watch.js';
import { OutboxWorker } from './outbox-worker.js';
import { PagesController } from './pages.controller.js';
import { Seals } from './seals.js';
import { PersonalDataRegistry } from '../common/personal-data.js';
import { eraseMails } from './outbox.query.js';

@Module({
  imports: [CleanupModule, ListenerModule],
  controllers: [PagesController],
  providers: [Outbox, OutboxWorker, OutboxWatch, Mailer, Seals, Links],
  exports: [Outbox, Links, Seals],
})
export class MailModule {
  constructor(cleanup: Cleanup, personalData: PersonalDataRegistry) {
    cleanup.add(DEAD_DECOYS, DEAD_MAILS);
    personalData.add({
      name: 'mails',
      isErasedLast: true,
      eraseBatch: eraseMails,
    });
  }
}

/** A module of its own: as a variant of MailModule, Nest would create everything twice, the worker too. */
@Module({})
export class MailboxModule {
  static with({ mail }: Config): DynamicModule {
    const controllers = mail.mailbox ? [DevMailboxController] : [];
    return { module: MailboxModule, imports: [MailModule], controllers };
  }
}
