/** A redis-server of the test's own, on a free port, that tests kill, freeze and start again. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Redis } from 'ioredis';

import { freePort } from './ports.js';

export const HAS_REDIS = spawnSync('redis-server', ['--version']).status === 0;

export class RedisServer {
  private readonly folder = mkdtempSync(join(tmpdir(), 'roost-redis-'));
  private child: ChildProcess | undefined;

  private constructor(
    readonly port: number,
    private readonly password: string | undefined,
  ) {}

  /** Not started yet. */
  static async onFreePort({ password }: { password?: string } = {}): Promise<RedisServer> {
    return new RedisServer(await freePort(), password);
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Empty, and ready when this returns. */
  async start(): Promise<void> {
    const options = ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--dir', this.folder];
    const password = this.password === undefined ? [] : ['--requirepass', this.password];
    const child = spawn('redis-server', [...options, ...password], { stdio: ['ignore', 'pipe', 'ignore'] });
    this.child = child;
    let said = '';
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      said += chunk.toString();
      if (said.includes('Ready to accept connections')) return;
    }
    throw new Error(`redis-server ended before it was ready: ${said}`);
  }

  freeze(): void {
    this.child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.child?.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    const { child } = this;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true });
  }

  /** Asks the server something on a connection of its own. */
  async ask<T>(question: (redis: Redis) => Promise<T>): Promise<T> {
    const redis = new Redis({ port: this.port, host: '127.0.0.1', ...(this.password && { password: this.password }) });
    try {
      return await question(redis);
    } finally {
      redis.disconnect();
    }
  }
}
