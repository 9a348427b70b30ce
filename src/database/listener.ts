/** The one connection that hears NOTIFY. It only wakes readers: the tables hold the truth, and readers also poll. */
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type pg from 'pg';
import type { Logger } from 'pino';
import { DataSource } from 'typeorm';

import { Activity } from '../common/schedule.js';
import { LOGGER } from '../common/logger.js';
import { Random } from '../common/random.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { Client } from './connections/client.js';
import { hangUp } from './connections/hang-up.js';

const TIMEOUTS = { connect: 2_500, answer: 4_500, ping: 1_000 };
export const LISTENER_HEARTBEAT = { everyMs: 5_000 };
const RETRY_MS = { first: 100, longest: 5_000 };

const DEAF =
  'LISTEN is accepted but no notification arrives, as behind a transaction pooler: set DATABASE_DIRECT_URL to the server itself. Until then changes on other instances arrive up to a second late.';

export interface Subscription {
  readonly channel: string;
  readonly onNotification: (payload: string) => void;
  /** Notifications during the loss were missed; the channel is listened to again. */
  readonly onReconnect: () => void;
}

@Injectable()
export class Listener implements OnApplicationShutdown {
  private readonly subscriptions: Subscription[] = [];
  /** Checks that the connection hears at all: a transaction pooler accepts LISTEN and forwards nothing. */
  private readonly echo: string;
  private heardEcho = true;
  private warnedOfSilence = false;
  private client: pg.Client | undefined;
  private connecting: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private postponed: (() => Promise<void>) | undefined;
  private failures = 0;
  private stopped = false;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
    @InjectDataSource() private readonly database: DataSource,
    random: Random,
    private readonly activity: Activity,
  ) {
    this.echo = `echo_${random.bytes(8).toString('hex')}`;
    activity.onResumed(() => {
      const next = this.postponed;
      this.postponed = undefined;
      void next?.();
    });
  }

  /** What was notified before the call has been heard when it resolves. @throws while nothing is heard */
  async catchUp(): Promise<void> {
    const ping = { text: '', query_timeout: TIMEOUTS.ping };
    if (!this.client) throw new Error('the connection for notifications is lost');
    await this.client.query(ping);
  }

  async listen(subscription: Subscription): Promise<void> {
    this.subscriptions.push(subscription);
    if (this.client) await this.client.query(`LISTEN ${subscription.channel}`);
    else await this.connect();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    if (this.client) await hangUp(this.client);
  }

  private connect(): Promise<void> {
    this.connecting ??= this.open().finally(() => {
      this.connecting = undefined;
    });
    return this.connecting;
  }

  private async open(): Promise<void> {
    const client = new Client({
      connectionString: this.config.database.directUrl ?? (this.database.options as { url: string }).url,
      application_name: 'roost-listen',
      connectionTimeoutMillis: TIMEOUTS.connect,
      query_timeout: TIMEOUTS.answer,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
    });
    const life = new AbortController();
    const lose = (error?: unknown): void => {
      if (life.signal.aborted) return;
      life.abort();
      void hangUp(client);
      this.reconnect(error);
    };
    client.on('error', lose);
    client.on('end', () => {
      lose();
    });
    client.on('notification', ({ channel, payload = '' }) => {
      this.hear(channel, payload);
    });
    try {
      await client.connect();
      await client.query(`LISTEN ${this.echo}`);
      for (const { channel } of this.subscriptions) await client.query(`LISTEN ${channel}`);
    } catch (error) {
      lose(error);
    }
    if (this.stopped) lose();
    // Also when it was lost after its last answer, which may be read in the same moment.
    if (life.signal.aborted) return;
    this.client = client;
    this.heardEcho = true;
    if (this.failures > 0) {
      this.logger.info({ event: 'listener_connected' }, 'notifications of the database arrive again');
      for (const { onReconnect } of this.subscriptions) onReconnect();
    }
    this.failures = 0;
    this.schedule(LISTENER_HEARTBEAT.everyMs, () => this.beat(client, lose));
  }

  private hear(channel: string, payload: string): void {
    if (channel === this.echo) this.heardEcho = true;
    for (const subscription of this.subscriptions)
      if (subscription.channel === channel) subscription.onNotification(payload);
  }

  private async beat(client: pg.Client, lose: (error: unknown) => void): Promise<void> {
    if (!this.heardEcho && !this.warnedOfSilence) {
      this.warnedOfSilence = true;
      this.logger.warn({ event: 'listener_deaf' }, DEAF);
    }
    try {
      await client.query('SELECT 1');
    } catch (error) {
      lose(error);
      return;
    }
    await this.sendEcho();
    // If it was lost meanwhile, the next attempt to connect is scheduled already.
    if (this.client === client) this.schedule(LISTENER_HEARTBEAT.everyMs, () => this.beat(client, lose));
  }

  /** Sent over the pool: a session behind a pooler may hear its own NOTIFY but no other. */
  private async sendEcho(): Promise<void> {
    try {
      this.heardEcho = false;
      await this.database.query(`NOTIFY ${this.echo}`);
    } catch {
      this.heardEcho = true;
      // The next user of the pool reports a lost connection.
    }
  }

  private reconnect(error: unknown): void {
    this.client = undefined;
    if (this.stopped) return;
    if (this.failures === 0) {
      const reason = error instanceof Error ? error.message : 'the connection was closed';
      this.logger.warn(
        { event: 'listener_lost', reason },
        'the connection for notifications of the database is lost: connecting again',
      );
    }
    this.schedule(Math.min(RETRY_MS.longest, RETRY_MS.first * 2 ** this.failures), () => this.connect());
    this.failures += 1;
  }

  private schedule(ms: number, next: () => Promise<void>): void {
    clearTimeout(this.timer);
    this.postponed = undefined;
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      if (this.activity.isIdle) this.postponed = next;
      else void next();
    }, ms).unref();
  }
}
