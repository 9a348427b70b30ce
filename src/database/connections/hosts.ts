/** Which of several hosts new connections go to. All connections of a process share what is known of a URL's hosts. */
import { setTimeout as delay } from 'node:timers/promises';

import pg from 'pg';

import { type Host, type HostList, type Needs, readHosts } from '../../config/host-list.js';
import { isDatabaseUnavailable, isReadOnly, isSilence } from '../pg-errors.js';
import { hangUp } from './hang-up.js';

/** Milliseconds: a host has to answer; until the next one is asked, too; an answer is believed. */
export const HOSTS = { answer: 2_000, headStart: 250, believed: 1_000 };

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
  private readonly all: readonly Host[];
  private readonly answerMs: number;
  private chosen: Host | undefined;
  private tell: ((name: string) => void) | undefined;
  private believedUntil = -Infinity;
  private asking: Promise<Host> | undefined;

  constructor({ hosts, needs, connectMs = Infinity }: HostList) {
    this.all = hosts;
    this.needs = needs;
    this.first = hosts[0];
    this.answerMs = Math.min(HOSTS.answer, connectMs);
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
    const asked = { text: STATE, query_timeout: this.answerMs };
    const [state] = (await client.query<{ isStandby: boolean; isReadOnly: boolean }>(asked)).rows;
    if (state?.isStandby) throw new ReadOnlyHostError('it is a standby');
    if (state?.isReadOnly && this.needs === 'read-write') throw new ReadOnlyHostError('it is read-only');
  }

  private get last(): Host {
    return this.chosen ?? this.first;
  }

  /** In order, the last good one first. A host that is silent delays the next one by its head start only. */
  private async ask(): Promise<Host> {
    const order = [this.last, ...this.all.filter((host) => host !== this.last)];
    const deadline = performance.now() + HOSTS.answer;
    const asked: Promise<Host>[] = [];
    for (const host of order) {
      const asking = this.askOne(
        host,
        Math.min(this.answerMs, Math.max(HOSTS.headStart, deadline - performance.now())),
      );
      asked.push(asking);
      const headStart = delay(HOSTS.headStart, undefined, { ref: false });
      const found = await Promise.race([Promise.any(asked), asking, headStart]).catch(() => undefined);
      if (found) return this.believe(found);
    }
    return this.believe(
      await Promise.any(asked).catch((error: unknown) => {
        throw this.without(order, (error as AggregateError).errors);
      }),
    );
  }

  private async askOne(host: Host, ms: number): Promise<Host> {
    const client = new pg.Client({
      connectionString: host.url,
      application_name: 'roost-hosts',
      connectionTimeoutMillis: ms,
    });
    client.on('error', () => undefined);
    aim(client, host);
    try {
      await client.connect();
      await this.require(client);
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

  private without(hosts: readonly Host[], errors: readonly unknown[]): AggregateError {
    const reasons = hosts.map(({ name }, index) => `${name} (${reasonOf(errors[index])})`);
    const told = this.needs === 'any' ? 'no host of the database answers' : 'no host of the database accepts writes';
    return new AggregateError(errors.toSorted(byHope), `${told}: ${reasons.join(', ')}`);
  }
}

/** A certificate is verified for the name of the host, also where the connection is to its `hostaddr`. */
export function aim(client: pg.Client, { address, port, serverName }: Host): void {
  const { connectionParameters, connection } = client as unknown as Aimed;
  for (const each of [client, connectionParameters]) Object.assign(each, { host: address, port });
  if (serverName !== undefined && connection.ssl !== false)
    connection.ssl = { ...(connection.ssl === true ? {} : connection.ssl), servername: serverName };
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
