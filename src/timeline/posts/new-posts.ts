/** Tells the streams of every instance that there are new posts. */
import { setTimeout as delay } from 'node:timers/promises';

import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';

import { notifyOfPosts } from './posts.query.js';

/** Milliseconds. */
const APART_MS = 50;

@Injectable()
export class NewPosts {
  private announced = false;
  private running = false;

  constructor(@InjectDataSource() private readonly database: DataSource) {}

  /**
   * Call when the transaction that wrote a post has committed; returns at once and never throws. Many calls are few
   * notifications, and one that is lost costs a second: streams also look by themselves.
   */
  announce(): void {
    this.announced = true;
    if (!this.running) void this.keepNotifying();
  }

  /** The first at once, the others {@link APART_MS} apart, and never two at a time. */
  private async keepNotifying(): Promise<void> {
    this.running = true;
    while (this.announced) {
      this.announced = false;
      await Promise.all([
        notifyOfPosts(this.database.manager).catch(() => undefined),
        delay(APART_MS, undefined, { ref: false }),
      ]);
    }
    this.running = false;
  }
}
