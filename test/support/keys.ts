/** Folders with the keys of access tokens, as `npm run keys:rotate` and OpenSSL make them. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export class KeyFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'roost-keys-'));

  /** @returns what was written as `<id>.pem` */
  add(id: string, pair: KeyPair = ecKey()): KeyPair {
    this.write(`${id}.pem`, pem(pair.privateKey));
    return pair;
  }

  write(name: string, content: string): void {
    writeFileSync(join(this.path, name), content, { mode: 0o600 });
  }

  delete(id: string): void {
    rmSync(join(this.path, `${id}.pem`));
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

export function ecKey(namedCurve = 'P-256'): KeyPair {
  return generateKeyPairSync('ec', { namedCurve });
}

export function rsaKey(modulusLength = 2_048): KeyPair {
  return generateKeyPairSync('rsa', { modulusLength });
}

export function pem(key: KeyObject): string {
  return key.export({ type: key.type === 'public' ? 'spki' : 'pkcs8', format: 'pem' }) as string;
}
