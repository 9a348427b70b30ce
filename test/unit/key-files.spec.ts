import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

import { loadConfig } from '../../src/config/config.js';
import { ConfigError } from '../../src/config/environment.js';
import { type KeyAlgorithm, readKeyFiles, signerAt } from '../../src/config/key-files.js';
import { ecKey, KeyFolder, pem, rsaKey } from '../support/keys.js';

const SECRET = 'kX9#vQ2!mZ7@pL4$wR8^tN3&yB6*cF1(';
const NOON = Date.parse('2026-11-23T12:00:00Z');

function faultsOf(dir: string | undefined, algorithm: KeyAlgorithm = 'ES256'): readonly string[] {
  try {
    loadConfig({ JWT_SECRET: SECRET, JWT_ALGORITHM: algorithm, JWT_KEYS_DIR: dir });
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
}

describe('a folder of keys', () => {
  let folder: KeyFolder;

  beforeEach(() => {
    folder = new KeyFolder();
  });

  afterEach(() => folder.remove());

  describe('lets Roost start', () => {
    it('with one key', () => {
      folder.add('a');
      expect(loadConfig({ JWT_SECRET: SECRET, JWT_ALGORITHM: 'ES256', JWT_KEYS_DIR: folder.path })).toMatchObject({
        tokens: { keyFolder: { algorithm: 'ES256', dir: folder.path }, secret: SECRET },
        unused: [],
      });
    });

    it('with keys as OpenSSL writes them, in SEC 1 and PKCS #1', () => {
      folder.write('sec1.pem', ecKey().privateKey.export({ type: 'sec1', format: 'pem' }) as string);
      expect(faultsOf(folder.path)).toEqual([]);
      folder.delete('sec1');
      folder.write('pkcs1.pem', rsaKey().privateKey.export({ type: 'pkcs1', format: 'pem' }) as string);
      expect(faultsOf(folder.path, 'RS256')).toEqual([]);
    });

    it('with other files beside them, and as Kubernetes mounts a secret', () => {
      const real = join(folder.path, '..2026_11_23');
      mkdirSync(real);
      const elsewhere = new KeyFolder();
      elsewhere.add('a');
      symlinkSync(elsewhere.path, join(folder.path, '..data'));
      symlinkSync(join('..data', 'a.pem'), join(folder.path, 'a.pem'));
      folder.write('README', 'keys');
      folder.write('.b.draft', '');
      folder.write('.hidden.pem', '');
      expect(faultsOf(folder.path)).toEqual([]);
      expect(readKeyFiles({ dir: folder.path, algorithm: 'ES256' }).keys.map(({ id }) => id)).toEqual(['a']);
      elsewhere.remove();
    });
  });

  describe('keeps Roost from starting', () => {
    it('when none is named, it does not exist, is no folder or empty, and says what to do', () => {
      expect(faultsOf(undefined)).toEqual([
        expect.stringMatching(/^JWT_KEYS_DIR is required with JWT_ALGORITHM=ES256.*npm run keys:rotate/),
      ]);
      expect(faultsOf(join(folder.path, 'none'))).toEqual([
        expect.stringMatching(/^JWT_KEYS_DIR does not exist: npm run keys:rotate/),
      ]);
      expect(faultsOf(folder.path)).toEqual([expect.stringMatching(/^JWT_KEYS_DIR has no key in it: npm run keys:/)]);
      folder.write('file', '');
      expect(faultsOf(join(folder.path, 'file'))).toEqual(['JWT_KEYS_DIR cannot be read (ENOTDIR)']);
    });

    it('with all its faults at once, by name, and no key in the message [V11.2.5]', () => {
      folder.add('good');
      folder.add('rsa', rsaKey());
      folder.add('p384', ecKey('P-384'));
      folder.add('secp256k1', ecKey('secp256k1'));
      folder.add('ed25519', generateKeyPairSync('ed25519'));
      folder.add('20261323T120000Z-0000');
      folder.add('with space');
      folder.add('k'.repeat(65));
      folder.add('__proto__');
      folder.write('public.pem', pem(ecKey().publicKey));
      folder.write('empty.pem', '');
      folder.write('cut.pem', pem(ecKey().privateKey).slice(0, 80));
      folder.write('broken.pem', pem(ecKey().privateKey).replace(/\n.{20}/, '\nAAAAAAAAAAAAAAAAAAAA'));
      folder.write(
        'encrypted.pem',
        ecKey().privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }) as string,
      );
      mkdirSync(join(folder.path, 'folder.pem'));
      symlinkSync('loop.pem', join(folder.path, 'loop.pem'));
      const faults = faultsOf(folder.path);
      const named = Object.fromEntries(
        faults.map((fault) => {
          const [, name = '', what] = /^JWT_KEYS_DIR has "(.+?)\.pem", (.+)$/.exec(fault) ?? [];
          return [name, what];
        }),
      );
      expect(named).toEqual({
        rsa: 'a key of type rsa, where ES256 needs type ec on prime256v1 (P-256)',
        p384: 'a key of type ec on secp384r1, where ES256 needs type ec on prime256v1 (P-256)',
        secp256k1: 'a key of type ec on secp256k1, where ES256 needs type ec on prime256v1 (P-256)',
        ed25519: 'a key of type ed25519, where ES256 needs type ec on prime256v1 (P-256)',
        '20261323T120000Z-0000': expect.stringContaining('no key id'),
        'with space': expect.stringContaining('no key id'),
        ['k'.repeat(65)]: expect.stringContaining('no key id'),
        ['__proto__']: expect.stringContaining('no key id'),
        public: 'which has no private key in PEM',
        empty: 'which has no private key in PEM',
        cut: 'which has no private key that can be read',
        broken: 'which has no private key that can be read',
        encrypted: expect.stringContaining('is encrypted'),
        folder: 'which cannot be read (EISDIR)',
        loop: 'which cannot be read (ELOOP)',
      });
      expect(faults.join()).not.toMatch(/BEGIN|MIG|MHc/);
    });

    it('with RSA keys that are short, restricted or none, under RS256 [V11.2.3]', () => {
      folder.add('short', rsaKey(1_024));
      folder.add('ec');
      folder.add('pss', generateKeyPairSync('rsa-pss', { modulusLength: 2_048 }));
      expect([...faultsOf(folder.path, 'RS256')].sort()).toEqual([
        'JWT_KEYS_DIR has "ec.pem", a key of type ec, where RS256 needs type rsa',
        'JWT_KEYS_DIR has "pss.pem", a key of type rsa-pss, where RS256 needs type rsa',
        'JWT_KEYS_DIR has "short.pem", an RSA key of 1024 bits, where RS256 needs at least 2048',
      ]);
    });
  });

  it('has no effect under HS256, which is said', () => {
    folder.write('broken.pem', '');
    expect(loadConfig({ JWT_SECRET: SECRET, JWT_KEYS_DIR: folder.path })).toMatchObject({
      tokens: { keyFolder: undefined },
      unused: ['JWT_KEYS_DIR'],
    });
  });

  describe('signs with', () => {
    const signer = (...ids: string[]): string | undefined => {
      for (const id of ids) folder.add(id);
      return signerAt(readKeyFiles({ dir: folder.path, algorithm: 'ES256' }).keys, NOON)?.id;
    };

    it.each<[string, string[], string]>([
      [
        'the newest whose time has come',
        ['20261123T115900Z-a', '20261123T120000Z-b', '20261123T120001Z-c'],
        '20261123T120000Z-b',
      ],
      ['the first while no time has come', ['20261123T120002Z-a', '20261123T120001Z-b'], '20261123T120001Z-b'],
      ['the last by name of those without a time', ['key-9', 'key-10', 'key-2'], 'key-10'],
      ['one with a time before any without', ['zzz', '20200101T000000Z-a'], '20200101T000000Z-a'],
      ['one without a time while the next waits', ['first', '20261123T120001Z-a'], 'first'],
      ['one of two of the same second', ['20261123T115900Z-a', '20261123T115900Z-b'], '20261123T115900Z-b'],
    ])('%s', (_, ids, expected) => {
      expect(signer(...ids)).toBe(expected);
    });
  });
});
