import { Injectable } from '@nestjs/common';

import type { Caller } from '../../common/access.js';
import type { EventStream } from './event-stream.js';

export interface Viewer {
  readonly caller: Caller;
  readonly stream: EventStream;
  /** False until the stream has caught up; new posts are not delivered to it before. */
  isLive: boolean;
  delivered: number;
}

@Injectable()
export class Audience implements Iterable<Viewer> {
  private readonly byUser = new Map<string, Set<Viewer>>();
  private count = 0;

  get size(): number {
    return this.count;
  }

  get userIds(): string[] {
    return [...this.byUser.keys()];
  }

  of(userId: string): ReadonlySet<Viewer> {
    return this.byUser.get(userId) ?? NOBODY;
  }

  add(viewer: Viewer): void {
    const { userId } = viewer.caller;
    this.byUser.set(userId, (this.byUser.get(userId) ?? new Set()).add(viewer));
    this.count += 1;
  }

  delete(viewer: Viewer): void {
    const { userId } = viewer.caller;
    const own = this.byUser.get(userId);
    if (!own?.delete(viewer)) return;
    this.count -= 1;
    if (own.size === 0) this.byUser.delete(userId);
  }

  *[Symbol.iterator](): Iterator<Viewer> {
    for (const own of this.byUser.values()) yield* own;
  }
}

const NOBODY: ReadonlySet<Viewer> = new Set();
