/** Who has written lately, and the position in the write-ahead log that a replica must have reached to show it to them. */
import type { Database } from '../sql.js';
import { notifyOfWrites } from './replicas.query.js';
import { Shared } from './shared.js';

export const WRITES = { most: 100_000, inOneNotification: 200 };

interface Mark {
  readonly position: number;
  readonly until: number;
}

export class Writes {
  private readonly marks = new Map<string, Mark>();
  private allUntil = -Infinity;
  private readonly untold = new Set<string>();
  private readonly telling = new Shared(() => this.tell());

  constructor(
    /** Connections of its own, and those of requests, where the first fail. */
    private readonly primary: { readonly own: Database; readonly requests: Database },
    private readonly keptMs: () => number,
  ) {}

  /** @returns Infinity: nobody knows, ask the primary */
  positionOf(userId: string): number {
    const now = performance.now();
    if (now < this.allUntil) return Infinity;
    const mark = this.marks.get(userId);
    return mark !== undefined && now < mark.until ? mark.position : -Infinity;
  }

  mark(userId: string, position: number): void {
    const now = performance.now();
    for (const [old, { until }] of this.marks) {
      if (until > now) break;
      this.marks.delete(old);
    }
    const known = this.marks.get(userId)?.position ?? -Infinity;
    this.marks.delete(userId);
    if (this.marks.size >= WRITES.most) this.markAll();
    else this.marks.set(userId, { position: Math.max(known, position), until: now + this.keptMs() });
  }

  markAll(): void {
    this.marks.clear();
    this.allUntil = performance.now() + this.keptMs();
  }

  hear(payload: string): void {
    const [position, ...userIds] = payload.split(' ');
    for (const userId of userIds) this.mark(userId, Number(position));
  }

  /** Call after the commit and before the answer. @throws when others may not have heard it: they are told later */
  async announce(userId: string): Promise<void> {
    this.untold.add(userId);
    try {
      this.mark(userId, await this.telling.join());
    } catch (error) {
      this.mark(userId, Infinity);
      throw error;
    }
  }

  async announceAgain(): Promise<void> {
    if (this.untold.size > 0) await this.telling.join();
  }

  private async tell(): Promise<number> {
    const userIds = [...this.untold];
    this.untold.clear();
    let position = -Infinity;
    try {
      while (userIds.length > 0) {
        position = await this.notify(userIds.slice(0, WRITES.inOneNotification));
        userIds.splice(0, WRITES.inOneNotification);
      }
    } catch (error) {
      for (const userId of userIds) this.untold.add(userId);
      throw error;
    }
    return position;
  }

  private notify(userIds: readonly string[]): Promise<number> {
    const { own, requests } = this.primary;
    return notifyOfWrites(own, userIds).catch(() => notifyOfWrites(requests, userIds));
  }
}
