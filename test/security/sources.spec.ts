/** What the sources, the packages and the image show: no test from outside could. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createContext, runInContext } from 'node:vm';

import ts from 'typescript';

const ROOT = join(__dirname, '../..');
const SRC = join(ROOT, 'src');

interface Source {
  /** Below src, with slashes. */
  readonly path: string;
  readonly text: string;
}

const sources: Source[] = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .map((name) => name.replaceAll('\\', '/'))
  .filter((path) => /\.(?:ts|mjs|sql)$/.test(path) && !path.startsWith('testing/'))
  .map((path) => ({ path, text: readFileSync(join(SRC, path), 'utf8') }));

/** The files in which a pattern is found. */
function having(pattern: RegExp): string[] {
  return sources.filter(({ text }) => pattern.test(text)).map(({ path }) => path);
}

function read(name: string): string {
  return readFileSync(join(ROOT, name), 'utf8');
}

describe('the sources', () => {
  it('start processes for the embedded database only, and never by a shell [V1.2.5]', () => {
    expect(having(/child_process/).filter((path) => !path.startsWith('database/embedded/'))).toEqual([]);
    expect(
      having(/\bexec(?:Sync)?\(|shell: true/).filter((path) => !path.includes('.exec(') && usesShell(path)),
    ).toEqual([]);
  });

  it('make no code of text [V1.3.2]', () => {
    expect(having(/\beval\(|new Function\(|vm['"]|setTimeout\(['"`]/)).toEqual([]);
    expect(read('eslint.config.mjs')).toMatch(/'no-eval': 'error',\s+'no-new-func': 'error'/);
  });

  it('make no regular expression of input [V1.2.9]', () => {
    // The name of a header, which is written out at each call, and a constant alphabet.
    expect(having(/new RegExp\(/).toSorted()).toEqual([
      'auth/personal-tokens/token-format.ts',
      'http/connections/raw-errors.ts',
    ]);
  });

  it('escape text for HTML at one place, where HTML is made [V1.1.2]', () => {
    expect(having(/&lt;/)).toEqual(['http/pages.ts']);
  });

  it('compare secrets in constant time [V11.2.4]', () => {
    const compared = /(?:===|!==)\s*(?:\w+\.)?(?:hash|mac|signature|secret|token|digest|password)\b(?!\w|\.|\()/i;
    const found = sources
      .filter(({ path }) => path.endsWith('.ts'))
      .flatMap(({ path, text }) =>
        text
          .split('\n')
          .filter((line) => compared.test(line))
          .map((line) => `${path}: ${line.trim()}`),
      );
    // Whether a field is there, whether a file of keys has changed, and the spelling of a token.
    expect(found.map((line) => line.split(':')[0]).toSorted()).toEqual([
      'auth/step-up/step-up.service.ts',
      'auth/tokens/refresh-tokens.ts',
      'config/key-files.ts',
    ]);
    expect(having(/timingSafeEqual/).length).toBeGreaterThanOrEqual(4);
  });

  it('use no hash below SHA-256, and no cipher without a proof of its text [V11.4.1] [V11.4.3]', () => {
    // Authenticator apps know HMAC-SHA-1 only (RFC 6238).
    const hashing = sources.filter(({ path }) => path !== 'auth/totp/codes.ts');
    const hashes = hashing.flatMap(({ text }) =>
      [...text.matchAll(/(?:createHash|createHmac|hkdfSync)\('([^']+)'/g)].map(([, name]) => name),
    );
    expect(new Set(hashes)).toEqual(new Set(['sha256']));
    expect(having(/\bmd5\b|\bsha-?1\b|\b(?:rc4|des|3des|ecb)\b/i)).toEqual(['auth/totp/codes.ts']);
    const ciphers = sources.flatMap(({ text }) =>
      [...text.matchAll(/'((?:aes|chacha)[\w-]+)'/gi)].map(([, name]) => name),
    );
    expect(new Set(ciphers)).toEqual(new Set(['aes-256-gcm']));
  });

  it('take keys and tokens from the generator of the system, 128 bits at least [V6.5.3] [V11.5.1]', () => {
    expect(having(/Math\.random/)).toEqual([]);
    const sizes = sources.flatMap(({ path, text }) =>
      [...text.matchAll(/(?:randomBytes|\.bytes)\((\d+)\)/g)].map(([, size]) => ({ path, size: Number(size) })),
    );
    const small = sizes.filter(({ size }) => size < 16).map(({ path }) => path);
    // Names of files and accounts, a pause, an echo, and codes that may be tried five times.
    expect(small.toSorted()).toEqual([
      'auth/email-login/email-login.service.ts',
      'auth/mailed-tokens/mailed-tokens.ts',
      'config/key-rotation.ts',
      'database/listener.ts',
      'mail/outbox-worker.ts',
      'users/import.ts',
      'users/users.service.ts',
    ]);
    expect(sizes.length).toBeGreaterThan(small.length);
  });

  it('have no cryptography of their own: Node, bcrypt and jsonwebtoken do it [V11.2.1]', () => {
    const packages = Object.keys((JSON.parse(read('package.json')) as { dependencies: object }).dependencies);
    expect(packages.filter((name) => /crypt|jwt|jsonwebtoken|jose|hash|argon|nacl|sodium/.test(name)).sort()).toEqual([
      '@nestjs/jwt',
      'bcrypt',
      'jsonwebtoken',
      'passport-jwt',
    ]);
    // Rotations of words and tables of constants are what ciphers and hashes are made of.
    expect(having(/>>> \d+\) ?\| ?\(|0x6a09e667|0x67452301/)).toEqual([]);
  });

  it('ask nobody by HTTP: there is no address to forge, and no redirect to follow [V13.2.4] [V15.3.2] [V1.3.6]', () => {
    const clients = sources.filter(({ path, text }) => {
      const code = text.replace(/import type .*;/g, '');
      return (
        /\bfetch\(|\bhttps?\.(?:get|request)\(|from '(?:node:https|undici|axios|got)'/.test(code) &&
        path.endsWith('.ts')
      );
    });
    expect(clients.map(({ path }) => path)).toEqual([]);
    const imported = sources.flatMap(({ path, text }) =>
      /import \{([^}]*)\} from 'node:http';/.exec(text.replace(/import type .*;/g, ''))?.[1]?.includes('request')
        ? [path]
        : [],
    );
    expect(imported).toEqual([]);
  });

  it('have regular expressions whose time grows with their text, and no faster [V1.3.12]', () => {
    const context = createContext({});
    const slow = sources
      .filter(({ path }) => path.endsWith('.ts'))
      .flatMap(({ path, text }) => literals(text).map((literal) => ({ path, literal })))
      .filter(({ path, literal }) => !isBounded(path, literal) && isSlow(context, literal));
    expect(slow).toEqual([]);
  });

  it('ask no secret question [V6.4.2]', () => {
    expect(having(/(?:security|secret)_?(?:question|answer|hint)/i)).toEqual([]);
    expect(read('openapi.json')).not.toMatch(/"\w*(?:question|hint)\w*": \{/);
  });

  it('let admins set no password [V6.4.6]', () => {
    const { paths, components } = JSON.parse(read('openapi.json')) as {
      paths: Record<
        string,
        Record<string, { requestBody?: { content: Record<string, { schema: { $ref?: string } }> } }>
      >;
      components: { schemas: Record<string, { properties?: object }> };
    };
    const fields = Object.entries(paths)
      .filter(([path]) => path.includes('/admin/'))
      .flatMap(([, operations]) => Object.values(operations))
      .flatMap(({ requestBody }) => requestBody?.content['application/json']?.schema.$ref?.split('/').at(-1) ?? [])
      .flatMap((name) => Object.keys(components.schemas[name]?.properties ?? {}));
    expect(fields).toContain('role');
    expect(fields.filter((name) => /password|secret|token/.test(name))).toEqual([]);
  });

  it('have no key that opens a session for ever: tokens of machines open their one route [V7.2.2]', () => {
    expect(having(/serviceToken/).filter((path) => !path.startsWith('config/'))).toEqual(['auth/tokens/auth.guard.ts']);
    expect(having(/@ForServices\(\)/)).toEqual(['auth/revocations/revocations.controller.ts']);
    // The other one asks only whether there is one.
    expect(having(/metricsToken/).filter((path) => !path.startsWith('config/'))).toEqual([
      'health/metrics.controller.ts',
      'http/known-hosts.ts',
    ]);
  });
});

describe('the repository', () => {
  const tracked = spawnSync('git', ['ls-files'], { cwd: ROOT, encoding: 'utf8' }).stdout.split('\n').filter(Boolean);
  const SECRETS = [
    /-----BEGIN (?:RSA |EC |OPENSSH )?PRIVATE KEY-----\n[A-Za-z0-9+/=\n]{100}/,
    /\bAKIA(?!EXAMPLE)[0-9A-Z]{16}\b/,
    /\bgh[pousr]_[A-Za-z0-9]{36}\b/,
    /\bxox[abpr]-[0-9A-Za-z-]{20,}/,
    /\bnpm_[A-Za-z0-9]{36}\b/,
    /^(?!.*(?:example|sample)).*\b(?:JWT_SECRET|SERVICE_TOKEN|METRICS_TOKEN|ADMIN_PASSWORD)=[A-Za-z0-9+/]{32,}$/m,
  ];

  it('has no secret in it [V13.3.1]', () => {
    const files = tracked.filter((name) => !/^test\/data\/|package-lock\.json$/.test(name));
    const found = files.filter((name) => {
      try {
        const text = read(name);
        return SECRETS.some((pattern) => pattern.test(text));
      } catch {
        // Deleted, and not committed.
        return false;
      }
    });
    expect(found).toEqual([]);
  });

  it('takes packages by their hashes, from the registry alone, and runs no script that is not allowed [V15.2.4]', () => {
    const { packages } = JSON.parse(read('package-lock.json')) as {
      packages: Record<string, { integrity?: string; resolved?: string; link?: boolean }>;
    };
    const strange = Object.entries(packages)
      .filter(([name, { link }]) => name.startsWith('node_modules/') && link !== true)
      .filter(
        ([, { integrity = '', resolved }]) =>
          !integrity.startsWith('sha512-') ||
          (resolved !== undefined && !resolved.startsWith('https://registry.npmjs.org/')),
      );
    expect(strange.map(([name]) => name)).toEqual([]);
    expect(Object.keys((JSON.parse(read('package.json')) as { allowScripts: object }).allowScripts)).toContain(
      'bcrypt',
    );
    expect(read('Dockerfile')).toMatch(/npm ci/);
    expect(read('.ci/run')).toMatch(/^npm ci$/m);
  });

  it('has its packages checked for advisories at each change [V15.2.1]', () => {
    expect(read('.github/workflows/ci.yml')).toMatch(/run: npm audit --omit=dev --audit-level=high/);
  });

  it('writes a bill of materials of what production runs [V15.1.2]', () => {
    const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
    const { stdout } = spawnSync(process.execPath, ['scripts/sbom.mjs'], { cwd: ROOT, encoding: 'utf8' });
    const { bomFormat, components } = JSON.parse(stdout) as {
      bomFormat: string;
      components: { name: string; version: string; hashes: unknown[] }[];
    };
    expect(bomFormat).toBe('CycloneDX');
    expect(components.filter(({ hashes }) => hashes.length !== 1)).toEqual([]);
    const listed = new Set(components.map(({ name, version }) => `${name}@${version}`));
    expect(Object.entries(dependencies).filter(([name, version]) => !listed.has(`${name}@${version}`))).toEqual([]);
    expect([...listed].filter((name) => /^(?:jest|eslint)@/.test(name))).toEqual([]);
  });

  it('gives the image no history, tests, secrets or source maps [V13.4.1] [V15.2.3]', () => {
    const allowed = read('.dockerignore').split('\n').filter(Boolean);
    expect(allowed[0]).toBe('*');
    expect(allowed.filter((line) => /\.git|test|\.env|\.data|bench/.test(line))).toEqual([]);
    expect(read('tsconfig.build.json')).not.toMatch(/"(?:inlineS|s)ourceMap": true/);
  });
});

/** Whether a file of src imports what runs text by a shell. */
function usesShell(path: string): boolean {
  return /import \{[^}]*\bexec(?:Sync)?\b[^}]*\} from 'node:child_process'/.test(
    sources.find((source) => source.path === path)?.text ?? '',
  );
}

/** Expressions of squared time, for texts that are short or the operator's own. */
function isBounded(path: string, literal: string): boolean {
  const bounds: Record<string, readonly [string, RegExp]> = {
    'http/cors.ts': [String.raw`/\s*,\s*/`, /asked\.length <= ASKED_MAX_LENGTH && FIELD_NAMES\.test/],
    'auth/hashing/password-rules.ts': [
      String.raw`/^(.+?)\1+$/su`,
      /Buffer\.byteLength\(password\) <= PATTERN_MAX_BYTES/,
    ],
    'http/forwarding.ts': [String.raw`/\/+$/`, /said\.length > PREFIX_MAX_LENGTH/],
  };
  const [expected, bound] = bounds[path] ?? [];
  return path.startsWith('config/') || (literal === expected && bound?.test(read(`src/${path}`)) === true);
}

function literals(text: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node)) found.push(node.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('source.ts', text, ts.ScriptTarget.Latest));
  return found;
}

/**
 * A text of which a bad expression tries every part takes it seconds or for ever, a good one a millisecond. A busy machine
 * may hold one up, but not three times.
 */
function isSlow(context: object, literal: string): boolean {
  const SIZE = 100_000;
  const LIMIT_MS = 1_000;
  const units = ['a', ' ', '0', '/', '.', '-', '"', ',', '\\n', '%41', 'a@', 'a.', '\\t '];
  return units.some((unit) => {
    const script = `${literal}[Symbol.replace]('${unit}'.repeat(${SIZE}) + '!\\0', '')`;
    return [1, 2, 3].every(() => !endsWithin(LIMIT_MS, script, context));
  });
}

function endsWithin(timeout: number, script: string, context: object): boolean {
  try {
    runInContext(script, context, { timeout });
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return false;
    throw error;
  }
}
