/** What the metrics show of the ground and of accounts; other rooms add theirs to `Measures`. */
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Pool } from 'pg';
import { DataSource } from 'typeorm';

import { HashQueue } from './auth/hashing/hash-queue.js';
import { RevocationPoll } from './auth/revocations/revocation-poll.js';
import { Revocations } from './auth/revocations/revocations.js';
import { poolOf } from './database/data-source.js';
import { Reads } from './database/replicas/reads.js';
import type { Replicas } from './database/replicas/replicas.js';
import { type Measure, Measures } from './common/registries/measures.js';
import { Metrics } from './health/metrics.js';
import type { UnderWay } from './http/lifecycle/under-way.js';
import { OutboxWatch } from './mail/outbox-watch.js';
import { OutboxWorker } from './mail/outbox-worker.js';

export function observeRooms(app: NestFastifyApplication, underWay: UnderWay): void {
  const metrics = app.get(Metrics);
  const queue = app.get(HashQueue);
  const { replicas } = app.get(Reads);
  queue.onStart = metrics.observeHashWait;
  metrics.watch([
    ...app.get(Measures).all(),
    ...ofProcess(underWay),
    ...ofPools({ primary: poolOf(app.get(DataSource)), ...poolsOf(replicas) }),
    ...(replicas ? ofReplicas(replicas) : []),
    ...ofHashes(queue),
    ...ofOutbox(app.get(OutboxWatch), app.get(OutboxWorker)),
    ...ofRevocations(app.get(Revocations), app.get(RevocationPoll)),
  ]);
}

function ofProcess(underWay: UnderWay): Measure[] {
  return [
    { name: 'roost_workers', help: 'Processes that serve requests.', read: () => 1 },
    {
      name: 'http_requests_in_flight',
      help: 'Requests that have no answer yet, open streams among them.',
      read: () => underWay.size,
    },
    {
      name: 'nodejs_eventloop_active_seconds_total',
      help: 'Time that the event loop was not idle: its rate is the share of one core that is in use.',
      read: () => performance.eventLoopUtilization().active / 1_000,
    },
  ];
}

function poolsOf(replicas: Replicas | undefined): Record<string, Pool> {
  return Object.fromEntries((replicas?.all ?? []).map(({ name, reader }) => [`replica ${name}`, reader.pool]));
}

function ofReplicas(replicas: Replicas): Measure[] {
  const { all, served } = replicas;
  return [
    {
      name: 'database_replica_lag_seconds',
      help: 'How far a replica is behind the primary, at most.',
      labels: ['replica'],
      ofWorkers: 'max',
      read: () => all.map((each) => [{ replica: each.name }, each.lagMs / 1_000]),
    },
    {
      name: 'database_replica_used',
      help: 'Processes that read from a replica.',
      labels: ['replica'],
      read: () => all.map(({ name, fault }) => [{ replica: name }, fault === undefined ? 1 : 0]),
    },
    {
      name: 'database_list_reads_total',
      help: 'Statements of reads that a replica may answer, by the server that did (replica, primary).',
      labels: ['server'],
      read: () => Object.entries(served).map(([server, reads]) => [{ server }, reads]),
    },
  ];
}

function ofPools(pools: Readonly<Record<string, Pool>>): Measure[] {
  const each = <T>(samples: (pool: Pool, name: string) => T[]): T[] =>
    Object.entries(pools).flatMap(([name, pool]) => samples(pool, name));
  return [
    {
      name: 'database_pool_connections',
      help: 'Connections to the database, by pool and state (idle, used).',
      labels: ['pool', 'state'],
      read: () =>
        each(({ idleCount, totalCount }, pool) => [
          [{ pool, state: 'idle' }, idleCount],
          [{ pool, state: 'used' }, totalCount - idleCount],
        ]),
    },
    {
      name: 'database_pool_connections_max',
      help: 'Connections to the database that a pool may open.',
      labels: ['pool'],
      read: () => each(({ options }, pool) => [[{ pool }, options.max]]),
    },
    {
      name: 'database_pool_waiting',
      help: 'Statements and transactions that wait for a connection of a pool.',
      labels: ['pool'],
      read: () => each(({ waitingCount }, pool) => [[{ pool }, waitingCount]]),
    },
  ];
}

function ofHashes(queue: HashQueue): Measure[] {
  return [
    {
      name: 'password_hashes',
      help: 'Password hashes, by state (running, waiting).',
      labels: ['state'],
      read: () => Object.entries(queue.lengths).map(([state, count]) => [{ state }, count]),
    },
    {
      name: 'password_hashes_refused_total',
      help: 'Password hashes that were refused, as the queue was full.',
      read: () => queue.refused,
    },
  ];
}

function ofOutbox(watch: OutboxWatch, { attempts }: OutboxWorker): Measure[] {
  return [
    {
      name: 'outbox_mails_waiting',
      help: 'Mails that wait to be sent, a minute ago, of all instances; 1000 stands for more, too.',
      ofWorkers: 'max',
      read: () => watch.waiting?.mails ?? NaN,
    },
    {
      name: 'outbox_oldest_age_seconds',
      help: 'Age of the oldest mail that waits to be sent, a minute ago, of all instances.',
      ofWorkers: 'max',
      read: () => (watch.waiting ? (watch.waiting.seconds ?? 0) : NaN),
    },
    {
      name: 'outbox_attempts_total',
      help: 'Attempts to send a mail, by outcome (sent, deferred, given_up).',
      labels: ['outcome'],
      read: () => Object.entries(attempts).map(([outcome, count]) => [{ outcome }, count]),
    },
  ];
}

function ofRevocations(revocations: Revocations, poll: RevocationPoll): Measure[] {
  return [
    {
      name: 'revocations_age_seconds',
      help: 'Since the last read of revocations; absent while the instance rests. Above 5, each request asks the database.',
      ofWorkers: 'max',
      read: () => revocations.age / 1_000,
    },
    {
      name: 'revocations_cursor',
      help: 'The transaction number up to which all revocations were read.',
      ofWorkers: 'min',
      read: () => poll.cursor,
    },
  ];
}
