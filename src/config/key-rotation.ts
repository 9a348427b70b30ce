/** Rotates the keys of access tokens: `npm run keys:rotate`. */
import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { chownSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { makeFolder } from '../common/files/folders.js';
import { ConfigError } from './environment.js';
import { type KeyAlgorithm, type KeyFile, type KeyFiles, type KeyFolder, readKeyFiles, signerAt } from './key-files.js';

/** From publication to first signature: longer than caches keep the key set (ten minutes in `jose`, five by our
 * Cache-Control), plus five minutes for distribution and clock differences. */
export const OVERLAP_MS = 15 * 60_000;

/** Longer than an access token lives after its key's last signature (24 hours plus leeway). */
const KEPT_MS = 25 * 3_600_000;

/** 128 bits of security (NIST SP 800-57); existing keys of 2,048 bits still sign. */
const RSA_BITS = 3_072;

export interface RotationOptions {
  readonly nowMs: number;
  readonly immediately?: boolean;
  readonly pruneOnly?: boolean;
}

export interface Rotation {
  readonly made: string | undefined;
  readonly waiting: readonly KeyFile[];
  readonly signer: KeyFile | undefined;
  readonly removed: readonly string[];
  readonly keys: readonly KeyFile[];
}

/** Idempotent while a key is waiting, unless `immediately`. @throws ConfigError for a folder that prevents a start */
export function rotateKeys(folder: KeyFolder, options: RotationOptions): Rotation {
  const { nowMs, immediately = false, pruneOnly = false } = options;
  const before = readAll(folder);
  const waiting = before.filter(({ signsFrom }) => signsFrom > nowMs);
  const needed = !pruneOnly && (immediately || waiting.length === 0);
  const first = before.length === 0;
  const made = needed ? makeKey(folder, immediately || first ? nowMs : nowMs + OVERLAP_MS) : undefined;
  const removed = before.slice(
    0,
    Math.max(
      0,
      before.findLastIndex((key) => hasSignedAlone(key, nowMs)),
    ),
  );
  for (const { id } of removed) rmSync(join(folder.dir, `${id}.pem`), { force: true });
  const keys = readAll(folder);
  return { made, waiting, signer: signerAt(keys, nowMs), removed: removed.map(({ id }) => id), keys };
}

/** Long enough for all earlier signatures to expire. Keys without a time in their name never qualify. */
function hasSignedAlone({ signsFrom }: KeyFile, nowMs: number): boolean {
  return Number.isFinite(signsFrom) && signsFrom + KEPT_MS < nowMs;
}

function readAll(folder: KeyFolder): KeyFiles['keys'] {
  makeFolder(folder.dir, 0o700);
  const { keys, faults } = readKeyFiles(folder);
  if (faults.size > 0) throw new ConfigError([...faults.values()].map((fault) => `JWT_KEYS_DIR ${fault}`));
  return keys;
}

/** Instances may be reading the folder: a renamed file appears whole or not at all. */
function makeKey({ dir, algorithm }: KeyFolder, signsFrom: number): string {
  const id = `${basicTime(signsFrom)}-${randomBytes(4).toString('hex')}`;
  const draft = join(dir, `.${id}.draft`);
  try {
    writeFileSync(draft, generate(algorithm).export({ type: 'pkcs8', format: 'pem' }), {
      flag: 'wx',
      mode: 0o600,
      flush: true,
    });
    // Root creates keys for the owner of the folder: Roost itself does not run as root.
    const { uid, gid } = statSync(dir);
    if (process.getuid?.() === 0) chownSync(draft, uid, gid);
    renameSync(draft, join(dir, `${id}.pem`));
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
  return id;
}

function generate(algorithm: KeyAlgorithm): KeyObject {
  const { privateKey } =
    algorithm === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: RSA_BITS });
  return privateKey;
}

function basicTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+/, '').replaceAll(/[-:]/g, '');
}
