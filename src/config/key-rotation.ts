/** Makes the next key of access tokens and removes those that nobody needs any more: `npm run keys:rotate`. */
import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { chownSync, closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { ConfigError } from './environment.js';
import { type KeyAlgorithm, type KeyFile, type KeyFiles, type KeyFolder, readKeyFiles, signerAt } from './key-files.js';

/**
 * From publication to the first signature: longer than others keep the old key set (ten minutes in `jose`, five by our
 * Cache-Control), with five minutes for the file to reach every instance and for clocks that differ.
 */
export const OVERLAP_MS = 15 * 60_000;

/** Longer than any access token lives (24 hours and its leeway) after the last one was signed. */
const KEPT_MS = 25 * 3_600_000;

/** 128 bits of security (NIST SP 800-57); keys of 2,048 that are there already still sign. */
const RSA_BITS = 3_072;

export interface RotationOptions {
  readonly nowMs: number;
  /** The new key signs as soon as an instance has read it. */
  readonly immediately?: boolean;
  /** No new key. */
  readonly pruneOnly?: boolean;
}

export interface Rotation {
  readonly made: string | undefined;
  /** Keys, other than the one made, that begin to sign later. */
  readonly waiting: readonly KeyFile[];
  /** What signs now, after the rotation. */
  readonly signer: KeyFile | undefined;
  readonly removed: readonly string[];
  /** All that are in the folder now. */
  readonly keys: readonly KeyFile[];
}

/**
 * Unless it has to sign at once, no key is made while one is waiting: to rotate twice is to rotate once.
 * @throws ConfigError when the folder has a file that would keep Roost from starting
 */
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

/** For so long that what was signed before has expired; of a key whose name has no time, nobody knows. */
function hasSignedAlone({ signsFrom }: KeyFile, nowMs: number): boolean {
  return Number.isFinite(signsFrom) && signsFrom + KEPT_MS < nowMs;
}

function readAll(folder: KeyFolder): KeyFiles['keys'] {
  mkdirSync(folder.dir, { recursive: true, mode: 0o700 });
  const { keys, faults } = readKeyFiles(folder);
  if (faults.size > 0) throw new ConfigError([...faults.values()].map((fault) => `JWT_KEYS_DIR ${fault}`));
  return keys;
}

/** Instances may be reading the folder: a renamed file appears whole or not at all. */
function makeKey({ dir, algorithm }: KeyFolder, signsFrom: number): string {
  const id = `${basicTime(signsFrom)}-${randomBytes(4).toString('hex')}`;
  const draft = join(dir, `.${id}.draft`);
  const file = openSync(draft, 'wx', 0o600);
  try {
    writeSync(file, generate(algorithm).export({ type: 'pkcs8', format: 'pem' }) as string);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  // Root makes a key for whoever owns the folder: Roost itself does not run as root.
  const { uid, gid } = statSync(dir);
  if (process.getuid?.() === 0) chownSync(draft, uid, gid);
  renameSync(draft, join(dir, `${id}.pem`));
  return id;
}

function generate(algorithm: KeyAlgorithm): KeyObject {
  const { privateKey } =
    algorithm === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: RSA_BITS });
  return privateKey;
}

/** ISO 8601 in its basic format, in UTC: `20261123T231500Z`. */
function basicTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+/, '').replaceAll(/[-:]/g, '');
}
