/** A connection to PostgreSQL. Where its URL names several hosts, it is to the one that accepts writes. */
import { once } from 'node:events';

import pg from 'pg';

import { hangUp, socketOf, within } from './hang-up.js';
import { aim, type Hosts, hostsOf } from './hosts.js';

const CONNECT_MS = 5_000;
const ENDED = 'Connection terminated';

export class Client extends pg.Client {
  /** Both hold the password, which a log of this object would show. */
  #url: string;
  readonly #hosts: Hosts | undefined;
  private readonly connectMs: number;

  constructor(config: pg.ClientConfig & { readonly connectionString: string }) {
    const hosts = hostsOf(config.connectionString);
    super(hosts ? { ...config, connectionString: hosts.first.url } : config);
    this.#url = config.connectionString;
    this.#hosts = hosts;
    this.connectMs = config.connectionTimeoutMillis ?? CONNECT_MS;
    if (!hosts) return;
    this.on('end', () => {
      hosts.doubt();
    });
    // It may be cut, or lost, before its user listens.
    for (const each of [this, socketOf(this)]) each.on('error', () => undefined);
  }

  get url(): string {
    return this.#url;
  }

  protected get isOneOfSeveral(): boolean {
    return this.#hosts !== undefined;
  }

  override connect(): Promise<this>;
  override connect(callback: (error: Error) => void): void;
  override connect(callback?: (error: Error) => void): unknown {
    const connected = this.#hosts && this.dial(this.#hosts);
    if (!callback) return connected ?? super.connect();
    if (connected)
      connected.then(() => {
        callback(undefined as unknown as Error);
      }, callback);
    else super.connect(callback);
    return undefined;
  }

  private async dial(hosts: Hosts): Promise<this> {
    try {
      await within(this.connectMs, this, async () => {
        await this.aimAt(hosts);
        await within(hosts.answerMs, this, async () => {
          await super.connect();
          await hosts.require(this);
        });
      });
      return this;
    } catch (error) {
      hosts.doubt();
      void hangUp(this);
      throw error;
    }
  }

  private async aimAt(hosts: Hosts): Promise<void> {
    const chosen = new AbortController();
    const ended = once(socketOf(this), 'close', chosen).then(() => {
      throw new Error(ENDED);
    });
    try {
      const host = await Promise.race([hosts.choose(), ended]);
      if ((this as unknown as { readonly _ending: boolean })._ending) throw new Error(ENDED);
      aim(this, host);
      this.#url = host.url;
    } catch (error) {
      setImmediate(() => this.emit('end'));
      throw error;
    } finally {
      chosen.abort();
    }
  }
}
