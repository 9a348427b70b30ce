/** Which of several hosts new connections go to. All connections of a process share what is known of a URL's hosts. */
import { isIP } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

import pg from 'pg';

import { type Host, type HostList, type Needs, readHosts } from '../../config/host-list.js';
import { isDatabaseUnavailable, isReadOnly, isSilence } from '../pg-errors.js';
import { hangUp, within } from './hang-up.js';

/** Milliseconds. A host has `answer` to answer. After `headStart` the next one is asked, too, and one that refused again.
 * An answer is `believed` for so long. After a question that found none, all `rest`. */
export const HOSTS = { answer: 2_000, headStart: 250, believed: 1_000, rest: 100 };

const STATE = `SELECT pg_is_in_recovery() AS "isStandby", current_setting('transaction_read_only') = 'on' AS "isReadOnly"`;

const known = new Map<string, Hosts | undefined>();

/** @returns undefined: the URL names one host, which is not examined */
export function hostsOf(url: string): Hosts | undefined {
  if (!known.has(url)) {
    const list = readHosts(url);
    if (typeof list === 'string') throw new TypeError(`The URL of the database ${list}`);
    known.set(url, list && new Hosts(list));
  }
  return known.get(url);
}

class ReadOnlyHostError extends Error {
  readonly code = '25006';
}

export class Hosts {
  readonly needs: Needs;
  readonly first: Host;
  readonly answerMs: number;
  private readonly all: readonly Host[];
  private chosen: Host | undefined;
  private tell: ((name: string) => void) | undefined;
  private believedUntil = -Infinity;
  private restsUntil = -Infinity;
  private asking: Promise<Host> | undefined;

  constructor({ hosts, needs, connectMs = Infinity }: HostList) {
    this.all = hosts;
    this.needs = needs;
    this.first = hosts[0];
    this.answerMs = hosts.length === 1 ? connectMs : Math.min(HOSTS.answer, connectMs);
  }

  /** @throws AggregateError whose first error counts: silence, then what may pass */
  async choose(): Promise<Host> {
    if (this.all.length === 1 || performance.now() < this.believedUntil) return this.last;
    this.asking ??= this.ask().finally(() => {
      this.asking = undefined;
    });
    return this.asking;
  }

  /** Calls with the name of the host that was chosen, and whenever it becomes another one. */
  onChosen(tell: (name: string) => void): void {
    this.tell = tell;
    if (this.chosen) tell(this.chosen.name);
  }

  doubt(): void {
    this.believedUntil = -Infinity;
  }

  /** @throws when a connection is to a host that does not serve */
  async require(client: pg.Client): Promise<void> {
    if (this.needs === 'any') return;
    const [state] = (await client.query<{ isStandby: boolean; isReadOnly: boolean }>(STATE)).rows;
    if (state?.isStandby) throw new ReadOnlyHostError('it is a standby');
    if (state?.isReadOnly && this.needs === 'read-write') throw new ReadOnlyHostError('it is read-only');
  }

  private get last(): Host {
    return this.chosen ?? this.first;
  }

  /** In order, the last good one first. Those that refuse are asked again while another one is silent. */
  private async ask(): Promise<Host> {
    await delay(Math.max(0, this.restsUntil - performance.now()), undefined, { ref: false });
    const order = [this.last, ...this.all.filter((host) => host !== this.last)];
    const deadline = performance.now() + HOSTS.answer;
    const refusals = new Map<Host, unknown>();
    const over = new AbortController();
    const askOne = (host: Host): Promise<Host> =>
      this.askOne(host, Math.min(this.answerMs, Math.max(HOSTS.headStart, deadline - performance.now())));
    const askAgain = async (host: Host, refusal: unknown): Promise<Host> => {
      refusals.set(host, refusal);
      if (refusals.size === order.length) over.abort();
      if (!isReadOnly(refusal) && !isDatabaseUnavailable(refusal)) throw refusal;
      await delay(HOSTS.headStart, undefined, over);
      return askOne(host).catch((error: unknown) => askAgain(host, error));
    };
    const asked: Promise<Host>[] = [];
    try {
      for (const host of order) {
        const first = askOne(host);
        asked.push(first.catch((error: unknown) => askAgain(host, error)));
        const headStart = delay(HOSTS.headStart, undefined, { ref: false });
        const found = await Promise.race([Promise.any(asked), first, headStart]).catch(() => undefined);
        if (found) return this.believe(found);
      }
      return this.believe(await Promise.any(asked));
    } catch {
      this.restsUntil = performance.now() + HOSTS.rest;
      throw this.without(order.map((host) => [host, refusals.get(host)]));
    } finally {
      over.abort();
    }
  }

  private async askOne(host: Host, ms: number): Promise<Host> {
    const client = new pg.Client({ connectionString: host.url, application_name: 'roost-hosts' });
    client.on('error', () => undefined);
    aim(client, host);
    try {
      await within(ms, client, async () => {
        await client.connect();
        await this.require(client);
      });
      return host;
    } finally {
      void hangUp(client);
    }
  }

  private believe(host: Host): Host {
    if (host !== this.chosen) this.tell?.(host.name);
    this.chosen = host;
    this.believedUntil = performance.now() + HOSTS.believed;
    return host;
  }

  private without(refusals: readonly [Host, unknown][]): AggregateError {
    const reasons = refusals.map(([{ name }, error]) => `${name} (${reasonOf(error)})`);
    const told = this.needs === 'any' ? 'no host of the database answers' : 'no host of the database accepts writes';
    const errors = refusals.map(([, error]) => error).sort(byHope);
    return new AggregateError(errors, `${told}: ${reasons.join(', ')}`);
  }
}

/** Certificates and passwords are looked up by the name of the host, also where the connection is to its `hostaddr`. */
export function aim(client: pg.Client, { host, address, port }: Host): void {
  const { connectionParameters, connection } = client as unknown as Aimed;
  Object.assign(client, { host: address, port });
  Object.assign(connectionParameters, { host, port });
  if (host !== address && isIP(host) === 0 && connection.ssl !== false)
    connection.ssl = { ...(connection.ssl === true ? {} : connection.ssl), servername: host };
}

interface Aimed {
  readonly connectionParameters: object;
  readonly connection: { ssl: boolean | object };
}

function byHope(one: unknown, other: unknown): number {
  return hopeOf(other) - hopeOf(one);
}

function hopeOf(error: unknown): number {
  if (isSilence(error)) return 3;
  if (isReadOnly(error)) return 1;
  return isDatabaseUnavailable(error) ? 2 : 0;
}

function reasonOf(error: unknown): string {
  const { message = '', code } = error as { message?: string; code?: string };
  return message === '' ? (code ?? 'unknown error') : message;
}
