/** The keys of access tokens: one secret (HS256), or a folder of PEM files that may change at runtime. */
import { createSecretKey, type KeyObject } from 'node:crypto';

import type { Logger } from 'pino';

import type { Clock } from '../../common/clock.js';
import type { Config } from '../../config/config.js';
import { ConfigError } from '../../config/environment.js';
import { bySigning, type KeyFile, type KeyFolder, readKeyFiles, signerAt } from '../../config/key-files.js';
import { deriveKey } from '../../common/crypto.js';
import type { JwkResponse } from './jwks.dto.js';

export interface SigningKey {
  readonly id: string;
  readonly key: KeyObject;
}

export abstract class SigningKeys {
  /** The one accepted algorithm: a token cannot choose another (RFC 8725 section 3.1). */
  abstract readonly algorithm: 'HS256' | KeyFolder['algorithm'];

  abstract signer(): SigningKey;

  abstract verifier(id: string): KeyObject | undefined;

  /** Another object once a key came or went. */
  abstract readonly accepted: unknown;

  abstract jwks(): readonly JwkResponse[];
}

export function signingKeysOf({ tokens }: Config, logger: Logger, clock: Clock): SigningKeys {
  return tokens.keyFolder ? new FolderKeys(tokens.keyFolder, logger, clock) : new SecretKeys(tokens);
}

class SecretKeys extends SigningKeys {
  readonly algorithm = 'HS256';
  readonly accepted: ReadonlyMap<string, KeyObject>;
  private readonly current: SigningKey;

  constructor({ secret, previousSecret }: Config['tokens']) {
    super();
    this.current = secretKey(secret);
    const accepted = previousSecret === undefined ? [this.current] : [this.current, secretKey(previousSecret)];
    this.accepted = new Map(accepted.map(({ id, key }) => [id, key]));
  }

  signer(): SigningKey {
    return this.current;
  }

  verifier(id: string): KeyObject | undefined {
    return this.accepted.get(id);
  }

  jwks(): readonly JwkResponse[] {
    return [];
  }
}

const FRESH_MS = 5_000;
/** An unknown key id is forged or of a new key. The folder is read again, but not for each forged id. */
const MISS_INTERVAL_MS = 1_000;

/** Reads synchronously, some tenths of a millisecond: the thread pool belongs to the password hashes. */
class FolderKeys extends SigningKeys {
  readonly algorithm: KeyFolder['algorithm'];
  private ordered: readonly KeyFile[] = [];
  private keys: ReadonlyMap<string, KeyFile> = new Map();
  private published: readonly JwkResponse[] = [];
  private readAt = -Infinity;
  private missedAt = -Infinity;
  private complaint = '';
  private signerId: string | undefined;

  constructor(
    private readonly folder: KeyFolder,
    private readonly logger: Logger,
    private readonly clock: Clock,
  ) {
    super();
    this.algorithm = folder.algorithm;
    this.refresh(FRESH_MS);
    if (this.keys.size === 0) throw new ConfigError([this.complaint]);
  }

  signer(): SigningKey {
    this.refresh(FRESH_MS);
    const [first] = this.ordered as [KeyFile];
    const { id, privateKey } = signerAt(this.ordered, this.clock.now().getTime()) ?? first;
    if (id !== this.signerId) this.logger.info({ event: 'signing_key_changed', kid: id }, 'the signing key changed');
    this.signerId = id;
    return { id, key: privateKey };
  }

  verifier(id: string): KeyObject | undefined {
    this.refresh(FRESH_MS);
    if (!this.keys.has(id) && this.clock.elapsedMs() - this.missedAt >= MISS_INTERVAL_MS) {
      this.missedAt = this.clock.elapsedMs();
      this.refresh(0);
    }
    return this.keys.get(id)?.publicKey;
  }

  get accepted(): unknown {
    this.refresh(FRESH_MS);
    return this.keys;
  }

  jwks(): readonly JwkResponse[] {
    this.refresh(MISS_INTERVAL_MS);
    return this.published;
  }

  private refresh(maxAgeMs: number): void {
    if (this.clock.elapsedMs() - this.readAt < maxAgeMs) return;
    this.readAt = this.clock.elapsedMs();
    const complaint = this.read();
    if (complaint !== '' && complaint !== this.complaint)
      this.logger.error({ event: 'signing_keys_faulty' }, `${complaint}: the keys before are kept`);
    this.complaint = complaint;
  }

  private read(): string {
    try {
      const { keys, faults } = readKeyFiles(this.folder, this.keys);
      const kept = [...this.keys.values()].filter(({ id }) => faults.has(id));
      if (keys.length + kept.length === 0) return 'JWT_KEYS_DIR has no key in it';
      this.use([...keys, ...kept].sort(bySigning));
      return [...faults.values()].map((fault) => `JWT_KEYS_DIR ${fault}`).join('; ');
    } catch (error) {
      const { code = 'unknown error' } = error as NodeJS.ErrnoException;
      return `JWT_KEYS_DIR cannot be read (${code})`;
    }
  }

  private use(keys: readonly KeyFile[]): void {
    const same = keys.length === this.keys.size && keys.every((key) => this.keys.get(key.id) === key);
    if (same) return;
    this.ordered = keys;
    this.keys = new Map(keys.map((key) => [key.id, key]));
    this.published = keys.map((key) => jwk(key, this.algorithm));
    this.logger.info({ event: 'signing_keys_read', kids: [...this.keys.keys()] }, 'signing keys read');
  }
}

function secretKey(secret: string): SigningKey {
  return { id: deriveKey(secret, 'access token key id').toString('hex', 0, 8), key: createSecretKey(secret, 'utf8') };
}

/** An allow-list of public fields: private ones cannot leak. */
function jwk({ id, publicKey }: KeyFile, alg: KeyFolder['algorithm']): JwkResponse {
  const { crv, x, y, n, e, kty } = publicKey.export({ format: 'jwk' });
  const common = { use: 'sig', alg, kid: id };
  return kty === 'EC' ? ({ kty, crv, x, y, ...common } as JwkResponse) : ({ kty, n, e, ...common } as JwkResponse);
}
