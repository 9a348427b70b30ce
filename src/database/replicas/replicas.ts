/** The replicas, and which of them may answer a caller. Asks where they are every half second while this instance is used. */
import { randomUUID } from 'node:crypto';

import type { Logger } from 'pino';

import type { Activity } from '../../common/schedule.js';
import { Loop } from '../../common/loop.js';
import type { DatabaseSettings } from '../../config/servers.js';
import type { Listener } from '../listener.js';
import { isMissingTable } from '../pg-errors.js';
import type { Database } from '../sql.js';
import { ReadPool, reasonOf, Replica, REPLICAS } from './replica.js';
import { markTimeline, selectStanding, type Standing, WRITES_CHANNEL } from './replicas.query.js';
import { Shared } from './shared.js';
import { ELSEWHERE, Standings } from './standings.js';
import { Writes } from './writes.js';

export interface Surroundings {
  readonly logger: Logger;
  readonly activity: Activity;
  readonly listener: Listener;
  readonly primary: Database;
  readonly primaryUrl: string;
}

export class Replicas {
  readonly all: readonly Replica[];
  readonly writes: Writes;
  readonly served = { replica: 0, primary: 0 };
  private readonly standings = new Standings();
  private readonly hearing: Shared<void>;
  private readonly watch: ReadPool;
  /** Notifications arrive: not so behind a transaction pooler. */
  private hears = false;
  private readonly own = randomUUID();
  private readonly loop = new Loop({
    pauseMs: () => REPLICAS.everyMs,
    run: () => this.look(),
    isDone: () => this.around.activity.isIdle,
  });

  constructor(
    settings: DatabaseSettings,
    private readonly around: Surroundings,
  ) {
    this.all = settings.replicaUrls.map((url) => new Replica(url, settings));
    this.watch = new ReadPool(around.primaryUrl, { ...settings, poolMax: 1 });
    this.writes = new Writes({ own: this.watch, requests: around.primary }, () => 2 * REPLICAS.lateMs);
    this.hearing = new Shared(() => around.listener.catchUp());
  }

  async start(): Promise<void> {
    await this.around.listener.listen({
      channel: WRITES_CHANNEL,
      onNotification: (payload) => {
        this.writes.hear(payload);
        this.hears ||= payload.includes(this.own);
      },
      onReconnect: () => {
        this.hears = false;
        this.writes.markAll();
      },
    });
    await this.look();
    this.loop.start();
    this.around.activity.onResumed(() => {
      this.loop.start();
      this.loop.wake();
    });
  }

  async stop(): Promise<void> {
    await this.loop.stop();
    await Promise.all([this.watch, ...this.all].map((each) => each.end()));
  }

  for(userId: string): Database {
    const replica = this.hears ? this.choose(userId) : undefined;
    return {
      query: (text: string, values?: unknown[]) =>
        replica ? this.read(replica, { userId, text, values }) : this.readPrimary(text, values),
    };
  }

  /** The same one for the same person, so that nobody sees what is older than what they saw, while it is used. */
  private choose(userId: string): Replica | undefined {
    const position = this.writes.positionOf(userId);
    const first = parseInt(userId.slice(-4), 16) % this.all.length;
    const order = [...this.all.slice(first), ...this.all.slice(0, first)];
    return order.find(
      (each) =>
        each.fault === undefined && each.position >= position && each.lagMs <= REPLICAS.lateMs && !each.reader.isBusy,
    );
  }

  /** The caller may have written on another instance a moment ago: that is heard of while the replica works. */
  private async read<T>(
    replica: Replica,
    { userId, text, values }: { userId: string; text: string; values: unknown[] | undefined },
  ): Promise<T> {
    const [rows, isCurrent] = await Promise.all([replica.read<T>(text, values), this.hasHeardAll()]);
    if (rows !== undefined && isCurrent && replica.position >= this.writes.positionOf(userId)) {
      this.served.replica += 1;
      return rows;
    }
    return this.readPrimary<T>(text, values);
  }

  private readPrimary<T>(text: string, values: unknown[] | undefined): Promise<T> {
    this.served.primary += 1;
    return this.around.primary.query<T>(text, values);
  }

  private async hasHeardAll(): Promise<boolean> {
    try {
      await this.hearing.join();
    } catch {
      this.hears = false;
    }
    return this.hears;
  }

  private async look(): Promise<void> {
    const at = performance.now();
    const primary = await this.standingOfPrimary().catch(() => undefined);
    if (primary) this.standings.note(primary, at);
    await Promise.all([
      (this.hears ? this.writes.announceAgain() : this.writes.announce(this.own)).catch(() => undefined),
      ...this.all.map((each) => this.judge(each)),
    ]);
  }

  private async standingOfPrimary(): Promise<Standing> {
    const standing = await selectStanding(this.watch);
    if (!standing.isUnmarked) return standing;
    await markTimeline(this.watch);
    return selectStanding(this.watch);
  }

  private async judge(replica: Replica): Promise<void> {
    replica.fault = await replica.standing().then(
      (standing) => this.standings.judge(replica, standing),
      (error: unknown) => (isMissingTable(error) ? ELSEWHERE : reasonOf(error)),
    );
    this.tell(replica);
  }

  private tell(replica: Replica): void {
    const { name, fault } = replica;
    const isUsed = fault === undefined;
    if (isUsed === replica.wasUsed || this.loop.isStopped) return;
    replica.wasUsed = isUsed;
    if (isUsed) this.around.logger.info({ event: 'replica_used', replica: name }, 'a replica answers reads');
    else
      this.around.logger.warn(
        { event: 'replica_left_out', replica: name, reason: fault },
        'a replica is left out: the primary answers in its place',
      );
  }
}
