/** A PostgreSQL server of Debian's, with its standby when there is one: started, killed and frozen. */
import { appendFileSync, existsSync, readdirSync, writeFileSync, chownSync } from 'node:fs';
import { join } from 'node:path';

import pg from 'pg';

import { account, endWithUs, folder, isRunning, kill, postmasterOf, run, start } from './children.mjs';
import { childrenOf, freePort } from './typescript.mjs';
import { until } from './time.mjs';

const PACKAGES = '/usr/lib/postgresql';

/** Of the newest server that is installed; undefined: none. */
export const binaries = newest();

/** Every server has its default settings for durability. */
const SETTINGS = `
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 100
shared_buffers = 64MB
logging_collector = off
`;

export class Server {
  child;

  constructor(data, port) {
    this.data = data;
    this.port = port;
    endWithUs(() => this.pids());
  }

  /** A new one, which runs. */
  static async create({ settings = '', data = join(folder('postgres'), 'data') } = {}) {
    run(
      join(binaries, 'initdb'),
      ['--pgdata', data, '--username', 'roost', '--auth', 'trust', '--encoding', 'UTF8', '--locale', 'C.UTF-8'],
      { as: account },
    );
    appendFileSync(join(data, 'postgresql.conf'), SETTINGS + settings);
    const server = new Server(data, await freePort());
    await server.start();
    await server.ask('CREATE DATABASE roost', [], 'postgres');
    return server;
  }

  /** @param name by which the primary knows it as synchronous */
  static async standbyOf(primary, name) {
    const data = join(folder('standby'), 'data');
    run(
      join(binaries, 'pg_basebackup'),
      ['-D', data, '-d', `host=127.0.0.1 port=${primary.port} user=roost application_name=${name}`, '-R', '-c', 'fast'],
      { as: account },
    );
    const server = new Server(data, await freePort());
    await server.start();
    return server;
  }

  get url() {
    return this.urlOf('roost');
  }

  urlOf(database) {
    return `postgres://roost@127.0.0.1:${this.port}/${database}`;
  }

  pids() {
    const pid = postmasterOf(this.data);
    return pid === undefined ? [] : [pid, ...childrenOf(pid)];
  }

  /** Resolves when it takes connections. */
  async start() {
    this.child = start(join(binaries, 'postgres'), ['-D', this.data, '-p', String(this.port)], { as: account });
    await this.whenReady();
  }

  async whenReady() {
    await until(async () => {
      if (this.child.exitCode !== null) throw new Error(`PostgreSQL ended: ${this.child.said}`);
      return this.answers();
    });
  }

  async answers() {
    return this.ask('SELECT 1').then(
      () => true,
      (error) => error.code === '3D000',
    );
  }

  /** @param signal SIGQUIT: immediate, SIGINT: fast, SIGKILL */
  async end(signal) {
    const pids = this.pids();
    kill(pids.slice(0, 1), signal);
    await until(() => !pids.some(isRunning));
  }

  freeze() {
    kill(this.pids(), 'SIGSTOP');
  }

  thaw() {
    kill(this.pids(), 'SIGCONT');
  }

  async ask(text, values = [], database = 'roost') {
    const client = new pg.Client({ connectionString: this.urlOf(database), connectionTimeoutMillis: 2_000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return (await client.query(text, values)).rows;
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

/** A file that the server's user can read. */
export function writeAs(path, text) {
  writeFileSync(path, text, { mode: 0o600 });
  if (account.uid !== undefined) chownSync(path, account.uid, account.gid);
  return path;
}

function newest() {
  if (!existsSync(PACKAGES)) return undefined;
  return readdirSync(PACKAGES)
    .map(Number)
    .filter((version) => version >= 15 && existsSync(`${PACKAGES}/${version}/bin/postgres`))
    .sort((a, b) => b - a)
    .map((version) => `${PACKAGES}/${version}/bin`)[0];
}
