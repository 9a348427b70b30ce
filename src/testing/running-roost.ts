import type { AddressInfo } from 'node:net';

import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DataSource } from 'typeorm';

import { FirstAdmin } from '../admin/first-admin.js';
import { Jobs } from '../common/schedule.js';
import { type ClientMaker, loadClient } from './client.js';
import { TestClock } from './clock.js';
import type { Cluster } from './cluster.js';
import { clone, drop, emptyTables, nameOf } from './databases.js';
import { serve } from './instance.js';
import type { NewUser, Roost, TestMail, TestUser } from './kit.js';
import { mailsTo } from './mailbox.js';
import { signIn } from './sign-in.js';

type Variables = Readonly<Record<string, string>>;

interface Snapshot {
  readonly database: string;
  readonly offsetMs: number;
}

export class RunningRoost implements Roost<unknown> {
  readonly clock = new TestClock();
  readonly log: string[] = [];
  readonly mail = {
    all: (to?: string): Promise<TestMail[]> => mailsTo(this.nest, to),
    latest: (to: string, subject = ''): Promise<TestMail> => this.latest(to, subject),
  };
  url: string;
  private databaseUrl: string;
  private readonly snapshots = new Map<string, Snapshot>();
  private nest: NestFastifyApplication;
  private stopped: Promise<void> | undefined;

  private constructor(
    private readonly cluster: Cluster,
    private readonly env: Variables,
    private readonly makeClient: ClientMaker,
  ) {}

  static async start(cluster: Cluster, env: Variables): Promise<RunningRoost> {
    const roost = new RunningRoost(cluster, env, await loadClient());
    roost.databaseUrl = await clone(cluster.adminUrl, cluster.template);
    try {
      await roost.serve();
    } catch (error) {
      await drop(cluster.adminUrl, nameOf(roost.databaseUrl));
      throw error;
    }
    return roost;
  }

  client(): unknown {
    return this.makeClient(this.url);
  }

  async as(user: string | NewUser): Promise<TestUser<unknown>> {
    const signedIn = await signIn(this.nest, typeof user === 'string' ? { username: user } : user);
    return { ...signedIn, client: this.makeClient(this.url, signedIn) };
  }

  async runJobs(): Promise<void> {
    await this.nest.get(Jobs).runAll();
  }

  async reset(): Promise<void> {
    await emptyTables(this.nest.get(DataSource));
    this.log.length = 0;
    this.clock.reset();
    await this.nest.get(FirstAdmin).onApplicationBootstrap();
  }

  async snapshot(name = 'default'): Promise<void> {
    const { adminUrl } = this.cluster;
    await this.closed(async () => {
      const database = nameOf(await clone(adminUrl, nameOf(this.databaseUrl)));
      const replaced = this.snapshots.get(name);
      this.snapshots.set(name, { database, offsetMs: this.clock.offsetMs });
      if (replaced) await drop(adminUrl, replaced.database);
    });
  }

  async restore(name = 'default'): Promise<void> {
    const { adminUrl } = this.cluster;
    const snapshot = this.snapshots.get(name);
    if (!snapshot) throw new RangeError(`there is no snapshot "${name}"`);
    await this.closed(async () => {
      const database = nameOf(this.databaseUrl);
      await drop(adminUrl, database);
      await clone(adminUrl, snapshot.database, database);
      this.clock.reset();
      this.clock.offsetMs = snapshot.offsetMs;
    });
  }

  stop(): Promise<void> {
    return (this.stopped ??= this.end());
  }

  private async end(): Promise<void> {
    const { adminUrl, stop } = this.cluster;
    try {
      await this.nest.close();
      const databases = [nameOf(this.databaseUrl), ...[...this.snapshots.values()].map(({ database }) => database)];
      for (const database of databases) await drop(adminUrl, database);
    } finally {
      await stop();
    }
  }

  private async serve(port?: number): Promise<void> {
    const { databaseUrl, clock } = this;
    const env = { ...this.env, ...(port !== undefined && { PORT: String(port) }) };
    this.nest = await serve({ env, databaseUrl, clock, onLog: (line) => this.log.push(line) });
    this.url = await this.nest.getUrl();
  }

  /** PostgreSQL clones no database in use, and what the server has in memory is of the old data. */
  private async closed(work: () => Promise<void>): Promise<void> {
    const { port } = this.nest.getHttpServer().address() as AddressInfo;
    await this.nest.close();
    try {
      await work();
    } finally {
      await this.serve(port);
    }
  }

  private async latest(to: string, subject: string): Promise<TestMail> {
    const mail = (await mailsTo(this.nest, to)).find((each) => each.subject.includes(subject));
    if (!mail) throw new RangeError(`there is no mail to ${to}${subject && ` about "${subject}"`}`);
    return mail;
  }
}
