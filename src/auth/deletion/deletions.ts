/** Deletions that are not final yet: begun and cancelled in the transaction of their cause. */
import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import type { EntityManager } from 'typeorm';

import { Audit } from '../../audit/audit.js';
import { AppError } from '../../common/errors.js';
import { LOGGER } from '../../common/logger.js';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { Outbox } from '../../mail/outbox.js';
import { deletionCancelledMail, deletionMail } from '../../mail/templates.js';
import { MailedTokens } from '../mailed-tokens/mailed-tokens.js';
import { markForDeletion, selectWaysBack, unmark } from './deletions.query.js';
import type { Client } from '../../common/actor.js';

export interface DeletionActor {
  readonly actorId: string;
  readonly sessionId?: string;
  readonly client: Client;
}

@Injectable()
export class Deletions {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly audit: Audit,
    private readonly tokens: MailedTokens,
    private readonly outbox: Outbox,
  ) {}

  /** Lock the row first, and end the sessions yourself. Revokes mailed tokens and mails the owner. */
  async begin(tx: EntityManager, userId: string, { actorId, sessionId, client }: DeletionActor): Promise<Date> {
    const by = actorId === userId ? 'own' : 'staff';
    const delayMs = this.config.accountDeleteDelayMs;
    const marked = await markForDeletion(tx, { userId, by, delayMs });
    if (!marked) throw new AppError('user_not_found');
    const { email, username, deleteAfter } = marked;
    await this.tokens.end(tx, userId);
    const content = deletionMail({ username, final: deleteAfter, by });
    await this.outbox.add(tx, { kind: 'account_deletion', address: email, content, userId });
    for (const address of await selectWaysBack(tx, userId)) {
      const content = deletionMail({ username, final: deleteAfter, by, isFormer: true });
      await this.outbox.add(tx, { kind: 'account_deletion', address, content, userId });
    }
    const after = { deletes_at: deleteAfter.toISOString() };
    const action = 'user.deletion_requested' as const;
    await this.audit.record(tx, client, [
      { action, actorId, subjectId: userId, after, ...(sessionId !== undefined && { sessionId }) },
    ]);
    return deleteAfter;
  }

  /** The owner's or, by another actor, staff's. That of the other side stays. Lock the row first. */
  async cancel(tx: EntityManager, userId: string, { actorId, client }: DeletionActor): Promise<void> {
    const by = actorId === userId ? 'own' : 'staff';
    const kept = await unmark(tx, userId, by);
    if (!kept) return;
    const { email: address, username, deleteAfter: final } = kept;
    if (final === null) {
      const content = deletionCancelledMail({ username, by });
      await this.outbox.add(tx, { kind: 'account_deletion_cancelled', address, content, userId });
    } else if (by === 'staff') {
      const content = deletionMail({ username, final, by: 'own' });
      await this.outbox.add(tx, { kind: 'account_deletion', address, content, userId });
    }
    const after = final && { deletes_at: final.toISOString() };
    await this.audit.record(tx, client, [
      { action: 'user.deletion_cancelled', actorId, subjectId: userId, ...(after && { after }) },
    ]);
    this.logger.info({ event: 'deletion_cancelled', user: userId, by: actorId }, 'deletion of an account cancelled');
  }
}
