/** The keys of access tokens under ES256 and RS256: one PEM file each, named after its key id. */
import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const KEY_ALGORITHMS = ['ES256', 'RS256'] as const;
export type KeyAlgorithm = (typeof KEY_ALGORITHMS)[number];

export interface KeyFolder {
  readonly algorithm: KeyAlgorithm;
  readonly dir: string;
}

export interface KeyFile {
  readonly id: string;
  readonly signsFrom: number;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly digest: string;
}

export interface KeyFiles {
  readonly keys: readonly KeyFile[];
  readonly faults: ReadonlyMap<string, string>;
}

export const FIRST_KEY = 'npm run keys:rotate makes the first key';

const KEY_ID = /^[a-z0-9][\w.-]{0,63}$/i;
const TIME = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z(?=-|$)/;
const MIN_RSA_BITS = 2_048;
const NAMES = new Intl.Collator('en', { numeric: true });

export function readKeyFiles({ dir, algorithm }: KeyFolder, known: ReadonlyMap<string, KeyFile> = new Map()): KeyFiles {
  const keys: KeyFile[] = [];
  const faults = new Map<string, string>();
  for (const name of readdirSync(dir)) {
    if (!name.endsWith('.pem') || name.startsWith('.')) continue;
    const id = name.slice(0, -'.pem'.length);
    const key = readKey(join(dir, name), { id, algorithm, known: known.get(id) });
    if (typeof key === 'string') faults.set(id, `has ${JSON.stringify(name)}, ${key}`);
    else if (key) keys.push(key);
  }
  return { keys: keys.sort(bySigning), faults };
}

export function keyFaults(folder: KeyFolder): string[] {
  try {
    const { keys, faults } = readKeyFiles(folder);
    return keys.length + faults.size === 0 ? [`has no key in it: ${FIRST_KEY}`] : [...faults.values()];
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    return [code === 'ENOENT' ? `does not exist: ${FIRST_KEY}` : `cannot be read (${code})`];
  }
}

/** The newest started key, else the first one, so that an instance with a slow clock can sign. */
export function signerAt(keys: readonly KeyFile[], nowMs: number): KeyFile | undefined {
  return keys.findLast(({ signsFrom }) => signsFrom <= nowMs) ?? keys[0];
}

export function bySigning(a: KeyFile, b: KeyFile): number {
  if (a.signsFrom !== b.signsFrom) return a.signsFrom < b.signsFrom ? -1 : 1;
  return NAMES.compare(a.id, b.id) || (a.id < b.id ? -1 : 1);
}

interface Expected {
  readonly id: string;
  readonly algorithm: KeyAlgorithm;
  readonly known: KeyFile | undefined;
}

function readKey(path: string, { id, algorithm, known }: Expected): KeyFile | string | undefined {
  const signsFrom = signingTime(id);
  if (!KEY_ID.test(id) || signsFrom === undefined)
    return 'whose name is no key id: letters, digits, ".", "_" and "-", at most 64, and no time that does not exist';
  try {
    const pem = readFileSync(path, 'utf8');
    const digest = createHash('sha256').update(pem).digest('base64');
    if (known?.digest === digest) return known;
    const privateKey = parse(pem);
    if (typeof privateKey === 'string') return privateKey;
    const publicKey = createPublicKey(privateKey);
    return unfit(privateKey, algorithm) ?? { id, signsFrom, privateKey, publicKey, digest };
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? undefined : `which cannot be read (${code})`;
  }
}

function parse(pem: string): KeyObject | string {
  if (pem.includes('ENCRYPTED')) return 'which is encrypted: Roost reads keys without a passphrase';
  if (!pem.includes('PRIVATE KEY-----')) return 'which has no private key in PEM';
  try {
    return createPrivateKey(pem);
  } catch {
    return 'which has no private key that can be read';
  }
}

function unfit({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject, algorithm: KeyAlgorithm): string | undefined {
  const { namedCurve, modulusLength = 0 } = asymmetricKeyDetails ?? {};
  const type = asymmetricKeyType ?? 'unknown';
  if (algorithm === 'ES256')
    return namedCurve === 'prime256v1'
      ? undefined
      : `a key of type ${type}${namedCurve === undefined ? '' : ` on ${namedCurve}`}, where ES256 needs type ec on prime256v1 (P-256)`;
  if (type !== 'rsa') return `a key of type ${type}, where RS256 needs type rsa`;
  return modulusLength < MIN_RSA_BITS
    ? `an RSA key of ${modulusLength} bits, where RS256 needs at least ${MIN_RSA_BITS}`
    : undefined;
}

function signingTime(id: string): number | undefined {
  const parts = TIME.exec(id);
  if (!parts) return -Infinity;
  const [, year, month, day, hours, minutes, seconds] = parts;
  const time = `${year}-${month}-${day}T${hours}:${minutes}:${seconds}.000Z`;
  const ms = Date.parse(time);
  return Number.isNaN(ms) || new Date(ms).toISOString() !== time ? undefined : ms;
}
