/** Patroni's nodes with one etcd: which of them is the primary, and who takes over, is theirs. */
import { join } from 'node:path';

import { account, endWithUs, folder, isRunning, kill, postmasterOf, start } from './children.mjs';
import { binaries, Server, writeAs } from './cluster.mjs';
import { childrenOf, freePort } from './typescript.mjs';
import { until } from './time.mjs';

/** The shortest that Patroni allows. */
const TTL_S = 20;

export async function startEtcd() {
  const [clients, peers] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${clients}`;
  const peer = `http://127.0.0.1:${peers}`;
  const data = join(folder('etcd'), 'data');
  start(
    'etcd',
    [
      ...['--name', 'one', '--data-dir', data, '--log-level', 'error'],
      ...['--listen-client-urls', url, '--advertise-client-urls', url],
      ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `one=${peer}`],
    ],
    { as: account },
  );
  await until(async () => (await fetch(`${url}/health`).catch(() => undefined))?.status === 200, { what: 'etcd' });
  return `127.0.0.1:${clients}`;
}

export class Node {
  child;

  constructor(name, etcd) {
    this.name = name;
    this.etcd = etcd;
    this.data = join(folder(name), 'data');
    endWithUs(() => this.#postgres());
  }

  static async create(name, etcd) {
    const node = new Node(name, etcd);
    node.port = await freePort();
    node.rest = await freePort();
    node.server = new Server(node.data, node.port);
    node.file = writeAs(join(folder(name), 'patroni.yml'), node.#configuration());
    node.start();
    return node;
  }

  start() {
    this.child = start('patroni', [this.file], { as: account, env: { HOME: folder('home') } });
  }

  /** As when its machine loses its power: the server and Patroni at once. */
  async kill() {
    const pids = [this.child.pid, ...this.#postgres()];
    kill(pids);
    await until(() => !pids.some(isRunning));
  }

  /** @param role `primary`, `sync` (the standby that a commit waits for), `replica` */
  async is(role) {
    const answer = await fetch(`http://127.0.0.1:${this.rest}/${role}`).catch(() => undefined);
    return answer?.status === 200;
  }

  /** Whether it takes a write now, asked of itself. */
  async writes() {
    const rows = await this.server.ask('SELECT pg_is_in_recovery() AS standby', [], 'postgres').catch(() => []);
    if (rows[0]?.standby !== false) return false;
    const probe =
      'CREATE TABLE IF NOT EXISTS probe (); BEGIN; LOCK TABLE probe; INSERT INTO probe DEFAULT VALUES; COMMIT';
    return this.server.ask(probe, [], 'postgres').then(
      () => true,
      () => false,
    );
  }

  #postgres() {
    const pid = postmasterOf(this.data);
    return pid === undefined ? [] : [pid, ...childrenOf(pid)];
  }

  #configuration() {
    const host = '127.0.0.1';
    return JSON.stringify({
      scope: 'roost',
      name: this.name,
      restapi: { listen: `${host}:${this.rest}`, connect_address: `${host}:${this.rest}` },
      etcd3: { host: this.etcd },
      bootstrap: {
        dcs: {
          ttl: TTL_S,
          loop_wait: 1,
          retry_timeout: 3,
          maximum_lag_on_failover: 1_048_576,
          synchronous_mode: true,
          postgresql: {
            use_pg_rewind: true,
            parameters: { max_connections: 100, wal_log_hints: 'on', shared_buffers: '64MB' },
          },
        },
        initdb: [{ encoding: 'UTF8' }, { locale: 'C.UTF-8' }],
      },
      postgresql: {
        listen: `${host}:${this.port}`,
        connect_address: `${host}:${this.port}`,
        data_dir: this.data,
        bin_dir: binaries,
        pgpass: join(folder('pgpass'), 'pgpass'),
        pg_hba: ['host all all 127.0.0.1/32 trust', 'host replication all 127.0.0.1/32 trust'],
        parameters: { unix_socket_directories: folder('socket') },
        authentication: {
          superuser: { username: 'roost', password: 'not-asked-for' },
          replication: { username: 'replicator', password: 'not-asked-for' },
          rewind: { username: 'rewinder', password: 'not-asked-for' },
        },
      },
    });
  }
}
