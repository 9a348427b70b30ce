/** The Roost that is fuzzed: a process of its own, as `node dist/main.js` starts it, on a database of its own. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import pg from 'pg';

import { joinCluster } from '../../dist/testing/cluster.js';
import { clone, drop, nameOf } from '../../dist/testing/databases.js';

const MAIN = join(import.meta.dirname, '../../dist/main.js');
const MEGABYTE = 2 ** 20;
/** Lines kept to be looked through, and shown after a crash. */
const KEPT_LINES = 2_000;

export class Server {
  url = '';
  serviceToken = randomBytes(32).toString('base64url');
  /** Of the log, the newest last. */
  lines = [];
  /** Lines that are no JSON, or tell of an error that is Roost's. */
  alarms = [];

  static async start() {
    const server = new Server();
    server.folder = mkdtempSync(join(tmpdir(), 'roost-fuzz-'));
    server.cluster = await joinCluster();
    try {
      server.databaseUrl = await clone(server.cluster.adminUrl, server.cluster.template);
      server.pool = new pg.Pool({ connectionString: server.databaseUrl, max: 1 });
      await server.restart();
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  get isAlive() {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  get pid() {
    return this.child.pid;
  }

  async restart() {
    this.child = spawn(process.execPath, [MAIN], {
      cwd: this.folder,
      env: {
        PATH: process.env.PATH,
        NODE_ENV: 'test',
        PORT: '0',
        BCRYPT_COST: '4',
        RATE_LIMIT: 'off',
        LOGIN_GUARD: 'off',
        JWT_SECRET: 'a-key-of-the-fuzzer-that-nobody-else-may-use',
        SERVICE_TOKEN: this.serviceToken,
        DATABASE_URL: this.databaseUrl,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.ended = once(this.child, 'close');
    const listening = new Promise((resolve) => {
      for (const stream of [this.child.stdout, this.child.stderr])
        createInterface({ input: stream }).on('line', (line) => this.read(line, resolve));
    });
    const died = this.ended.then(() => Promise.reject(new Error(`Roost ended: ${this.lines.slice(-20).join('\n')}`)));
    died.catch(() => undefined);
    await Promise.race([listening, died]);
  }

  /** Gives a role, which no route gives to the first one, and confirms the address, so that a change of it can be undone. */
  async promote(username, role) {
    await this.pool.query(
      'UPDATE users SET role = $2, token_epoch = token_epoch + 1, email_confirmed_at = created_at WHERE username = $1',
      [username, role],
    );
  }

  /** @returns memory in megabytes, and the longest delay of the event loop since the last reading, in ms */
  async measure() {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    const read = (name) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
    return {
      rss: read('process_resident_memory_bytes') / MEGABYTE,
      heap: read('nodejs_heap_size_used_bytes') / MEGABYTE,
      delay: read('nodejs_eventloop_lag_max_seconds') * 1_000,
    };
  }

  /** @returns a line since the last call that shows one of them */
  linesWith(secrets) {
    const all = [...secrets];
    const found = this.lines.find((line) => all.some((secret) => line.includes(secret)));
    this.lines.length = 0;
    return found;
  }

  async stop() {
    if (this.isAlive) {
      this.child.kill('SIGTERM');
      await this.ended;
    }
    await this.pool?.end();
    if (this.databaseUrl) await drop(this.cluster.adminUrl, nameOf(this.databaseUrl));
    await this.cluster?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  read(line, resolve) {
    this.url = /API\s+(http:\/\/\S+)\/api\/v1|"address":"([^"]+)"/.exec(line)?.slice(1).find(Boolean) ?? this.url;
    if (this.url) resolve();
    this.lines.push(line);
    if (this.lines.length > KEPT_LINES) this.lines.splice(0, KEPT_LINES / 2);
    if (/"level":[56]0|"level":"(?:error|fatal)"/.test(line)) this.alarms.push(line);
  }
}
