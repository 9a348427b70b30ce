/** Notifies the streams of every instance of new posts. */
import { setTimeout as delay } from 'node:timers/promises';

import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';

import { notifyOfPosts } from './posts.query.js';

const APART_MS = 50;

@Injectable()
export class NewPosts {
  private announced = false;
  private running = false;

  constructor(@InjectDataSource() private readonly database: DataSource) {}

  /** Call after the commit; never throws. Coalesces calls. A lost notification costs a second: streams also poll. */
  announce(): void {
    this.announced = true;
    if (!this.running) void this.keepNotifying();
  }

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
