/** Sends the outbox's mails, on any number of instances, after the response of their request. */
import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Logger } from 'pino';
import { DataSource } from 'typeorm';

import { LOGGER } from '../common/logger.js';
import { Loop } from '../common/loop.js';
import { Random } from '../common/random.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { Listener } from '../database/listener.js';
import { ATTEMPT, type Delivery, Mailer } from './mailer.js';
import { type DueMail, recordFailure, recordSent, takeDueMails } from './outbox.query.js';
import { Outbox } from './outbox.js';
import { Seals } from './seals.js';

/** Pause after a failure: outcomes that are not written yet are written long before their leases end. */
const FAILED_MS = 2_000;
/** Random delay before sending, in milliseconds: the load of sending must not reveal which request caused a mail. */
const APART_MS = { least: 100, more: 400 };
const PLACES = 10;
/** A lease: longer than an attempt, so that no second instance sends the mail meanwhile. */
const LEASE_MS = 2 * ATTEMPT.mostMs;
const RETRY_MS = { first: 30_000, longest: 3_600_000 };
const OLD_MS = 86_400_000;
/** Another instance would have taken it by then. */
const OVERDUE_MS = 60_000;
const GRACE_MS = 5_000;
const UNREADABLE =
  'mails were sealed with another JWT_SECRET: give all instances the same, or add that one as JWT_SECRET_PREVIOUS';

interface Outcome {
  readonly mail: DueMail;
  readonly delivery: Delivery;
}

@Injectable()
export class OutboxWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly attempts = { sent: 0, deferred: 0, given_up: 0 };
  /** Outcomes not written yet. They are written before new mails are taken, or mails may be sent twice. */
  private unrecorded: Outcome[] = [];
  private readonly underway = new Set<Promise<void>>();
  private readonly abort = new AbortController();
  private soon: NodeJS.Timeout | undefined;
  private failing = false;
  private leavesOverdue = false;
  private obstacle: string | undefined;
  private pauseMs = FAILED_MS;
  private readonly loop = new Loop({ pauseMs: () => this.pauseMs, run: () => this.sendDue() });

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
    @InjectDataSource() private readonly database: DataSource,
    private readonly listener: Listener,
    private readonly outbox: Outbox,
    private readonly mailer: Mailer,
    private readonly seals: Seals,
    private readonly random: Random,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    if (!this.mailer.isConfigured || !this.config.runsJobs) return;
    const wakeSoon = (): void => {
      this.wakeSoon();
    };
    this.outbox.onAdded(wakeSoon);
    await this.listener.listen({ channel: 'mails', onNotification: wakeSoon, onReconnect: wakeSoon });
    this.loop.wake();
    this.loop.start();
  }

  /** Mails under way get a grace, are then aborted, and another instance retries them. */
  async beforeApplicationShutdown(): Promise<void> {
    clearTimeout(this.soon);
    const grace = setTimeout(
      () => {
        this.abort.abort();
      },
      Math.min(GRACE_MS, this.config.http.shutdownTimeoutMs / 2),
    );
    await this.loop.stop();
    await Promise.all(this.underway);
    clearTimeout(grace);
  }

  private wakeSoon(): void {
    const { least, more } = APART_MS;
    this.soon ??= setTimeout(
      () => {
        this.soon = undefined;
        this.loop.wake();
      },
      least + (more * this.random.bytes(1).readUInt8()) / 255,
    ).unref();
  }

  private async sendDue(): Promise<void> {
    try {
      await this.record();
      const limit = PLACES - this.underway.size;
      this.pauseMs = this.config.mail.outboxIntervalMs;
      if (limit === 0) return;
      const { keyIds } = this.seals;
      const taking = { limit, leaseMs: LEASE_MS, keyIds, oldMs: OLD_MS, overdueMs: OVERDUE_MS };
      const { mails, nextMs, leavesOverdue } = await takeDueMails(this.database.manager, taking);
      for (const mail of mails) this.begin(mail);
      if (leavesOverdue && !this.leavesOverdue) this.logger.warn({ event: 'mails_unreadable' }, UNREADABLE);
      this.leavesOverdue = leavesOverdue;
      this.pauseMs = Math.min(nextMs ?? Infinity, this.config.mail.outboxIntervalMs);
      this.failing = false;
    } catch (error) {
      if (!this.failing)
        this.logger.warn({ event: 'outbox_unread', err: error }, 'the outbox cannot be read or written');
      this.failing = true;
      this.pauseMs = FAILED_MS;
    }
  }

  private begin(mail: DueMail): void {
    const attempt = this.deliver(mail).finally(() => {
      this.underway.delete(attempt);
      this.loop.wake();
    });
    this.underway.add(attempt);
  }

  private async deliver(mail: DueMail): Promise<void> {
    const { id, recipient, createdAt } = mail;
    const content = this.seals.open(id, mail.sealed);
    const delivery: Delivery = content
      ? await this.mailer.send({ id, recipient, createdAt, content }, this.abort.signal)
      : { sent: false, forGood: false, code: 'unreadable', reason: 'was sealed with a secret that is gone' };
    this.unrecorded.push({ mail, delivery });
    await this.record().catch(() => undefined);
  }

  private async record(): Promise<void> {
    const outcomes = this.unrecorded.splice(0);
    while (outcomes.length > 0) {
      const [outcome] = outcomes as [Outcome];
      try {
        await this.recordOne(outcome);
      } catch (error) {
        this.unrecorded.push(...outcomes);
        throw error;
      }
      outcomes.shift();
    }
  }

  private async recordOne({ mail, delivery }: Outcome): Promise<void> {
    const { id, kind, attempts, isOld } = mail;
    const about = { mail: id, kind, attempts };
    if (delivery.sent) {
      this.obstacle = undefined;
      await recordSent(this.database.manager, id);
      this.attempts.sent += 1;
      this.logger.info({ event: 'mail_sent', ...about }, 'mail sent');
      return;
    }
    const { code, reason, obstacle } = delivery;
    if (obstacle !== undefined && obstacle !== this.obstacle)
      this.logger.warn({ event: 'mail_server_unusable', code }, obstacle);
    this.obstacle = obstacle ?? this.obstacle;
    const final = delivery.forGood || isOld;
    const retryMs = final ? undefined : Math.min(RETRY_MS.longest, RETRY_MS.first * 2 ** (attempts - 1));
    await recordFailure(this.database.manager, { id, attempts, reason, retryMs });
    this.attempts[final ? 'given_up' : 'deferred'] += 1;
    if (final) this.logger.error({ event: 'mail_given_up', ...about, code }, 'mail given up');
    else this.logger.warn({ event: 'mail_deferred', ...about, code, retry_s: (retryMs ?? 0) / 1_000 }, 'mail deferred');
  }
}
