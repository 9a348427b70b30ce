import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { ConfigError } from '../../src/config/environment.js';
import { readKeyFiles } from '../../src/config/key-files.js';
import { OVERLAP_MS, rotateKeys, type Rotation, type RotationOptions } from '../../src/config/key-rotation.js';
import { KeyFolder, rsaKey } from '../support/keys.js';

const START = Date.parse('2026-11-23T23:15:00Z');
const HOUR = 3_600_000;

describe('a rotation of keys', () => {
  let folder: KeyFolder;

  beforeEach(() => {
    folder = new KeyFolder();
  });

  afterEach(() => folder.remove());

  const rotate = (nowMs: number, options: Omit<RotationOptions, 'nowMs'> = {}): Rotation =>
    rotateKeys({ dir: folder.path, algorithm: 'ES256' }, { nowMs, ...options });
  const files = (): string[] => readdirSync(folder.path).sort();

  it('makes the first key, which signs at once, readable by nobody else, and nothing beside it', () => {
    const { made, signer } = rotate(START);
    expect(made).toMatch(/^20261123T231500Z-[0-9a-f]{8}$/);
    expect(signer?.id).toBe(made);
    expect(files()).toEqual([`${made}.pem`]);
    expect(statSync(join(folder.path, `${made}.pem`)).mode & 0o777).toBe(0o600);
  });

  it('makes the folder, which nobody else may enter', () => {
    const dir = join(folder.path, 'a/b');
    rotateKeys({ dir, algorithm: 'ES256' }, { nowMs: START });
    expect(statSync(dir).mode & 0o777).toBe(0o700);
  });

  it('makes keys of RSA [V11.6.1]', () => {
    rotateKeys({ dir: folder.path, algorithm: 'RS256' }, { nowMs: START });
    const { keys, faults } = readKeyFiles({ dir: folder.path, algorithm: 'RS256' });
    expect([keys.length, faults.size]).toEqual([1, 0]);
    expect(keys[0]?.privateKey.asymmetricKeyDetails?.modulusLength).toBe(3_072);
  });

  it('makes the next key, which signs after the overlap', () => {
    const first = rotate(START).made;
    const { made, signer } = rotate(START + HOUR);
    expect(made).toMatch(/^20261124T003000Z-/);
    expect(signer?.id).toBe(first);
    expect(OVERLAP_MS).toBe(15 * 60_000);
    expect(rotate(START + HOUR + OVERLAP_MS, { pruneOnly: true }).signer?.id).toBe(made);
  });

  it('makes none while one is waiting', () => {
    rotate(START);
    const next = rotate(START + HOUR).made;
    const again = rotate(START + HOUR + 1_000);
    expect([again.made, again.waiting.map(({ id }) => id)]).toEqual([undefined, [next]]);
    expect(files()).toHaveLength(2);
  });

  it('makes one that signs at once when asked, whatever waits', () => {
    rotate(START);
    rotate(START + HOUR);
    const { made, signer } = rotate(START + HOUR + 1_000, { immediately: true });
    expect(made).toMatch(/^20261124T001501Z-/);
    expect(signer?.id).toBe(made);
  });

  it('removes a key only when everything that it signed has expired', () => {
    const first = rotate(START).made ?? '';
    const second = rotate(START + HOUR).made ?? '';
    const began = START + HOUR + OVERLAP_MS;
    expect(rotate(began + 25 * HOUR, { pruneOnly: true }).removed).toEqual([]);
    const { removed, made, signer } = rotate(began + 25 * HOUR + 1, { pruneOnly: true });
    expect([removed, made, signer?.id]).toEqual([[first], undefined, second]);
    expect(files()).toEqual([`${second}.pem`]);
  });

  it('removes old keys also when it makes one, and never the only one', () => {
    const first = rotate(START).made ?? '';
    expect(rotate(START + 1_000 * HOUR, { pruneOnly: true }).removed).toEqual([]);
    rotate(START + 1_000 * HOUR);
    expect(rotate(START + 2_000 * HOUR).removed).toEqual([first]);
    expect(files()).toHaveLength(2);
  });

  it('keeps keys without a time until one with a time has signed for long enough', () => {
    folder.add('k1');
    folder.add('k2');
    expect(rotate(START).signer?.id).toBe('k2');
    expect(rotate(START + 24 * HOUR, { pruneOnly: true }).removed).toEqual([]);
    expect(rotate(START + 26 * HOUR, { pruneOnly: true }).removed).toEqual(['k1', 'k2']);
  });

  it('refuses a folder that Roost would not start with, and changes nothing', () => {
    folder.add('rsa', rsaKey());
    expect(() => rotate(START)).toThrow(ConfigError);
    expect(files()).toEqual(['rsa.pem']);
  });
});
