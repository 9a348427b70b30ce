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
  private readonly viewers = new Set<Viewer>();
  private readonly byUser = new Groups();
  private readonly bySession = new Groups();

  get size(): number {
    return this.viewers.size;
  }

  get people(): number {
    return this.byUser.size;
  }

  get userIds(): string[] {
    return [...this.byUser.keys()];
  }

  ofUser(userId: string): ReadonlySet<Viewer> {
    return this.byUser.get(userId) ?? NOBODY;
  }

  ofSession(sessionId: string): ReadonlySet<Viewer> {
    return this.bySession.get(sessionId) ?? NOBODY;
  }

  add(viewer: Viewer): void {
    this.viewers.add(viewer);
    this.byUser.add(viewer.caller.userId, viewer);
    this.bySession.add(viewer.caller.sessionId, viewer);
  }

  delete(viewer: Viewer): void {
    this.viewers.delete(viewer);
    this.byUser.remove(viewer.caller.userId, viewer);
    this.bySession.remove(viewer.caller.sessionId, viewer);
  }

  [Symbol.iterator](): Iterator<Viewer> {
    return this.viewers.values();
  }
}

class Groups extends Map<string, Set<Viewer>> {
  add(key: string, viewer: Viewer): void {
    this.set(key, (this.get(key) ?? new Set()).add(viewer));
  }

  remove(key: string, viewer: Viewer): void {
    const group = this.get(key);
    group?.delete(viewer);
    if (group?.size === 0) this.delete(key);
  }
}

const NOBODY: ReadonlySet<Viewer> = new Set();
