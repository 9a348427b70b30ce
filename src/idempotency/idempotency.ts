/** Does a request once, however often it is sent: see docs/adr/0036-idempotency-keys.md. */
import { createHash } from 'node:crypto';

import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';

import { seal, SEAL_IV_BYTES, type SealingKey, sealingKey, unseal } from '../common/crypto.js';
import { AppError } from '../common/errors.js';
import { Random } from '../common/random.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { violatedConstraint } from '../database/pg-errors.js';
import { claimKey, keepAnswer } from './idempotency.query.js';
import type { IdempotentRequest } from './idempotent-request.js';

const TTL_MS = 24 * 60 * 60_000;
const RETRY_AFTER_SECONDS = { inUse: 1, unreadable: 5 };

type Work<T> = (tx: EntityManager) => Promise<T>;
type Body = object | true | undefined;

interface KeyedRequest extends IdempotentRequest {
  readonly key: string;
}

@Injectable()
export class Idempotency {
  private readonly keys: readonly [SealingKey, ...SealingKey[]];

  constructor(
    @Inject(CONFIG) { tokens: { secret, previousSecret } }: Config,
    @InjectDataSource() private readonly database: DataSource,
    private readonly random: Random,
  ) {
    const previous = previousSecret === undefined ? [] : [sealingKey(previousSecret, 'idempotency')];
    this.keys = [sealingKey(secret, 'idempotency'), ...previous];
  }

  /** In the place of `database.manager`: without a key it opens no transaction. */
  statement<T extends Body>(request: IdempotentRequest, work: Work<T>): Promise<T> {
    return request.key === undefined ? work(this.database.manager) : this.transaction(request, work);
  }

  /** In the place of `database.transaction`. `keptOf` says what a repeat gets; of `undefined`, nothing is kept.
   * @throws AppError `idempotency_key_reused`, `idempotency_key_in_use`, `idempotency_key_unreadable` */
  transaction<T extends Body>(
    request: IdempotentRequest,
    work: Work<T>,
    keptOf = (answer: T): Body => answer,
  ): Promise<T> {
    const { key } = request;
    if (key === undefined) return this.database.transaction(work);
    return this.database.transaction(async (tx) => {
      const keyed = { ...request, key };
      const id = idOf(keyed);
      const { free, answer: known } = await claimKey(tx, id);
      if (known) return this.replay(keyed, id, known) as T;
      if (!free) throw inUse();
      const answer = await work(tx);
      const kept = keptOf(answer);
      if (kept !== undefined) await this.keep(tx, keyed, { id, answer: kept });
      return answer;
    });
  }

  private replay(request: KeyedRequest, id: Buffer, kept: Buffer): unknown {
    const known = this.keys.find((each) => each.id.equals(kept.subarray(0, each.id.length)));
    if (!known) throw new AppError('idempotency_key_unreadable', { retryAfterSeconds: RETRY_AFTER_SECONDS.unreadable });
    const json = unseal({ key: known.key, id: sealOf(request, id) }, kept.subarray(known.id.length));
    if (!json) throw new AppError('idempotency_key_reused');
    request.onReplay();
    return JSON.parse(json.toString());
  }

  private async keep(
    tx: EntityManager,
    request: KeyedRequest,
    { id, answer }: { id: Buffer; answer: unknown },
  ): Promise<void> {
    const [current] = this.keys;
    const json = Buffer.from(JSON.stringify(answer));
    const sealing = { key: current.key, iv: this.random.bytes(SEAL_IV_BYTES), id: sealOf(request, id) };
    const sealed = Buffer.concat([current.id, seal(sealing, json)]);
    try {
      const isKept = await keepAnswer(tx, { id, userId: request.userId, answer: sealed, ttlMs: TTL_MS });
      if (!isKept) throw inUse();
    } catch (error) {
      if (violatedConstraint(error) !== 'idempotency_keys_user_id_fkey') throw error;
      throw new AppError('invalid_token', { cause: error });
    }
  }
}

function inUse(): AppError {
  return new AppError('idempotency_key_in_use', { retryAfterSeconds: RETRY_AFTER_SECONDS.inUse });
}

/** Without a secret: instances agree on it while JWT_SECRET is being replaced. */
function idOf({ userId, address, route, key }: KeyedRequest): Buffer {
  const owner = userId ?? address;
  if (owner === undefined) throw new Error(`${route} has no user: say which address its key belongs to`);
  return createHash('sha256').update([owner, route, key].join('\0')).digest();
}

/** The key is in it, too: nobody who reads the database can guess a password that the content has. */
function sealOf({ key, content }: KeyedRequest, id: Buffer): string {
  return createHash('sha256').update(id).update(key).update(content).digest('hex');
}
