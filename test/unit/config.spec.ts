import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Config, loadConfig } from '../../src/config/config.js';
import { ConfigError } from '../../src/config/environment.js';

const SECRET = 'kX9#vQ2!mZ7@pL4$wR8^tN3&yB6*cF1(';
const PRODUCTION = {
  NODE_ENV: 'production',
  JWT_SECRET: SECRET,
  DATABASE_URL: 'postgres://app:hV3kkPq0zL@db.internal/roost',
};

function faultsOf(variables: Record<string, string>): string[] {
  try {
    loadConfig({ JWT_SECRET: SECRET, ...variables });
  } catch (error) {
    if (error instanceof ConfigError) return [...error.faults];
    throw error;
  }
  return [];
}

const load = (variables: Record<string, string> = {}): Config => loadConfig({ JWT_SECRET: SECRET, ...variables });

describe('the configuration', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'roost-config-'));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('has the published defaults', () => {
    expect(load()).toEqual({
      nodeEnv: 'development',
      http: {
        host: '127.0.0.1',
        port: 3000,
        publicUrl: undefined,
        httpsOnly: false,
        trustedProxies: [],
        corsOrigins: [],
        docs: true,
        metricsToken: undefined,
        shutdownTimeoutMs: 20_000,
      },
      database: { url: undefined, directUrl: undefined, poolMax: 20, dataDir: '.data' },
      tokens: {
        secret: SECRET,
        previousSecret: undefined,
        keyFolder: undefined,
        issuer: 'roost',
        audience: 'roost',
        accessTtlMs: 86_400_000,
      },
      sessions: { perUser: 50, refreshGraceMs: 30_000, idleTtlMs: 30 * 86_400_000, absoluteTtlMs: 90 * 86_400_000 },
      passwords: { minLength: 8, bcryptCost: 12, threads: 4 },
      registration: { requireConfirmation: false, concealConflicts: false },
      mail: {
        smtpUrl: undefined,
        from: { name: 'Roost', address: 'noreply@localhost' },
        appUrl: undefined,
        mailbox: true,
      },
      auditRetentionMs: 400 * 86_400_000,
      rateLimit: true,
      redisUrl: undefined,
      loginGuard: true,
      logLevel: 'info',
      accountDeleteDelayMs: 604_800_000,
      unused: [],
    });
    expect(load(PRODUCTION)).toMatchObject({ http: { host: '0.0.0.0', docs: false } });
  });

  it('takes empty for unset', () => {
    expect(load({ PORT: '', DATABASE_URL: ' ', DOCS: '' })).toEqual(load());
  });

  it.each([
    ['NODE_ENV', 'staging'],
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['PORT', '3e3'],
    ['HOST', 'example.org'],
    ['PUBLIC_URL', 'example.org'],
    ['PUBLIC_URL', 'https://example.org/?a=1'],
    ['PUBLIC_URL', 'javascript:alert(1)'],
    ['DATABASE_URL', 'mysql://localhost/x'],
    ['DATABASE_DIRECT_URL', 'localhost:5432'],
    ['REDIS_URL', 'http://localhost:6379'],
    ['REDIS_URL', 'localhost:6379'],
    ['DATABASE_POOL_MAX', '0'],
    ['SMTP_URL', 'mail.example.org:587'],
    ['SMTP_URL', 'https://mail.example.org'],
    ['MAIL_FROM', 'nobody'],
    ['MAIL_FROM', 'a@example.org, b@example.org'],
    ['MAIL_FROM', 'Roost <a@example.org>\r\nBcc: b@example.org'],
    ['APP_URL', 'app.example.org'],
    ['APP_URL', 'https://app.example.org/#/'],
    ['APP_URL', 'javascript:alert(1)'],
    ['JWT_SECRET', 'only thirty-one bytes, not more'],
    ['JWT_SECRET_PREVIOUS', 'short'],
    ['JWT_SECRET_PREVIOUS', SECRET],
    ['JWT_ALGORITHM', 'none'],
    ['JWT_ALGORITHM', 'RS512'],
    ['JWT_ALGORITHM', 'es256'],
    ['JWT_ACCESS_TTL', '25h'],
    ['JWT_ACCESS_TTL', '0s'],
    ['JWT_ACCESS_TTL', '3600'],
    ['REFRESH_GRACE', '-1s'],
    ['SESSIONS_PER_USER', '0'],
    ['SESSION_IDLE_TTL', '91d'],
    ['SESSION_ABSOLUTE_TTL', 'forever'],
    ['PASSWORD_MIN_LENGTH', '7'],
    ['PASSWORD_MIN_LENGTH', '73'],
    ['BCRYPT_COST', '9'],
    ['BCRYPT_COST', '16'],
    ['REQUIRE_EMAIL_CONFIRMATION', 'yes'],
    ['REGISTER_CONFLICT', 'hide'],
    ['RATE_LIMIT', 'false'],
    ['LOGIN_GUARD', 'no'],
    ['TRUST_PROXY', 'true'],
    ['TRUST_PROXY', '1'],
    ['TRUST_PROXY', '0.0.0.0/0'],
    ['TRUST_PROXY', '::/0'],
    ['TRUST_PROXY', '10.0.0.0/33'],
    ['TRUST_PROXY', '10.0.0.0/8,proxy.internal'],
    ['CORS_ORIGINS', '*'],
    ['CORS_ORIGINS', 'https://app.example.org/'],
    ['CORS_ORIGINS', 'https://app.example.org, null'],
    ['AUDIT_RETENTION', '29d'],
    ['LOG_LEVEL', 'verbose'],
    ['DOCS', 'yes'],
    ['METRICS_TOKEN', 'short'],
    ['SHUTDOWN_TIMEOUT', '20'],
    ['JWT_SECRET_PREVIOUS_FILE', '/nowhere/at/all'],
  ])('refuses %s=%s by name', (name, value) => {
    const faults = faultsOf({ [name]: value });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(new RegExp(`^${name} `));
  });

  it.each([
    [{ ADMIN_EMAIL: 'a@example.org' }, 'ADMIN_PASSWORD'],
    [{ ADMIN_PASSWORD: 'correct horse' }, 'ADMIN_EMAIL'],
    [{ ADMIN_EMAIL: 'a@example.org', ADMIN_PASSWORD: 'x'.repeat(73) }, 'ADMIN_PASSWORD'],
  ])('takes the first admin whole or not at all: %j', (values, name) => {
    expect(faultsOf(values)).toEqual([expect.stringMatching(new RegExp(`^${name} `))]);
  });

  it('lists all faults at once, and never a value', () => {
    const values = {
      PORT: 'hunter2-port',
      LOG_LEVEL: 'hunter2-level',
      DATABASE_URL: 'hunter2://u:hunter2@h/d',
      JWT_SECRET: 'hunter2',
    };
    const faults = faultsOf(values);
    expect(faults.map((fault) => fault.split(' ')[0]).sort()).toEqual(Object.keys(values).sort());
    expect(faults.join()).not.toContain('hunter2');
  });

  describe('in production', () => {
    const PATTERNS = [
      'a'.repeat(32),
      'change-me-change-me-change-me-change',
      'abcabcabcabcabcabcabcabcabcabcabc',
      `${SECRET}secret`,
      'please replace this by one of your own',
    ];

    it('starts with real secrets', () => {
      expect(faultsOf(PRODUCTION)).toEqual([]);
    });

    it.each(['JWT_SECRET', 'DATABASE_URL'])('wants %s', (name) => {
      expect(faultsOf({ ...PRODUCTION, [name]: '' })).toEqual([
        expect.stringMatching(new RegExp(`^${name} is required`)),
      ]);
    });

    it.each(PATTERNS)('refuses the sample or pattern %s as a secret', (secret) => {
      expect(faultsOf({ ...PRODUCTION, JWT_SECRET: secret })).toEqual([
        expect.stringMatching(/^JWT_SECRET looks like/),
      ]);
      expect(faultsOf({ NODE_ENV: 'development', JWT_SECRET: secret })).toEqual([]);
    });

    it('takes what the documented command makes', () => {
      for (const secret of [
        'q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJCrze8SNFZ4kKvN7xI0VniQ',
        '5f2b8c1d9e7a4630b1c2d3e4f5a69788f0e1d2c3b4a5968778695a4b3c2d1e0f',
      ]) {
        expect(faultsOf({ ...PRODUCTION, JWT_SECRET: secret })).toEqual([]);
      }
    });

    it.each(['RATE_LIMIT', 'LOGIN_GUARD'])('refuses %s=off', (name) => {
      expect(faultsOf({ ...PRODUCTION, [name]: 'off' })).toEqual([expect.stringMatching(new RegExp(`^${name} `))]);
    });

    it('refuses a database password that everybody knows', () => {
      for (const url of [
        'postgres://postgres:postgres@db/roost',
        'postgres://app:app@db/roost',
        'postgres://app:Password@db/roost',
      ]) {
        expect(faultsOf({ ...PRODUCTION, DATABASE_URL: url })).toEqual([expect.stringMatching(/^DATABASE_URL /)]);
      }
    });

    it('refuses a Redis password that everybody knows', () => {
      expect(faultsOf({ ...PRODUCTION, REDIS_URL: 'redis://:password@cache:6379' })).toEqual([
        expect.stringMatching(/^REDIS_URL /),
      ]);
      for (const url of ['redis://cache:6379/1', 'rediss://:hV3kkPq0zL@cache:6380'])
        expect(load({ ...PRODUCTION, REDIS_URL: url }).redisUrl).toBe(url);
    });

    it('takes the embedded database only when it is asked for by name', () => {
      expect(load({ ...PRODUCTION, DATABASE_URL: 'embedded' }).database.url).toBeUndefined();
    });

    it('wants TLS when its public address has it', () => {
      expect(load({ ...PRODUCTION, PUBLIC_URL: 'https://api.example.org/' }).http).toMatchObject({
        publicUrl: 'https://api.example.org',
        httpsOnly: true,
      });
      expect(load({ ...PRODUCTION, PUBLIC_URL: 'http://api.internal' }).http.httpsOnly).toBe(false);
      expect(load({ PUBLIC_URL: 'https://api.example.org' }).http.httpsOnly).toBe(false);
    });
  });

  it('sends mail from an address at PUBLIC_URL, unless another is named', () => {
    const from = (env: Record<string, string>): unknown => load(env).mail.from;
    expect(from({ PUBLIC_URL: 'https://api.example.org:8443/x' })).toEqual({
      name: 'Roost',
      address: 'noreply@api.example.org',
    });
    expect(from({ MAIL_FROM: 'mail@example.org' })).toEqual({ name: '', address: 'mail@example.org' });
    expect(from({ MAIL_FROM: '"Team, Ada\'s" <mail@example.org>' })).toEqual({
      name: "Team, Ada's",
      address: 'mail@example.org',
    });
  });

  it('has a mailbox only without SMTP_URL, and never in production', () => {
    const mailbox = (env: Record<string, string>): boolean => load(env).mail.mailbox;
    expect([mailbox({}), mailbox({ NODE_ENV: 'test' })]).toEqual([true, true]);
    expect([mailbox({ SMTP_URL: 'smtp://mail' }), mailbox(PRODUCTION)]).toEqual([false, false]);
  });

  it('wants SMTP_URL in production where nobody could log in without mail', () => {
    const required = { ...PRODUCTION, REQUIRE_EMAIL_CONFIRMATION: 'true' };
    expect(faultsOf(required)).toEqual([expect.stringMatching(/^SMTP_URL is required/)]);
    expect(faultsOf({ ...required, SMTP_URL: 'smtp://mail.internal' })).toEqual([]);
    expect(faultsOf({ REQUIRE_EMAIL_CONFIRMATION: 'true' })).toEqual([]);
  });

  it('allows a bcrypt cost below 10 to tests only', () => {
    expect(load({ NODE_ENV: 'test', BCRYPT_COST: '4' }).passwords.bcryptCost).toBe(4);
    expect(faultsOf({ NODE_ENV: 'test', BCRYPT_COST: '3' })).toHaveLength(1);
  });

  describe('secrets from files', () => {
    it('are read without the line break at the end', () => {
      const file = join(folder, 'secret');
      writeFileSync(file, `${SECRET}\n`);
      expect(loadConfig({ ...PRODUCTION, JWT_SECRET: '', JWT_SECRET_FILE: file }).tokens.secret).toBe(SECRET);
      writeFileSync(file, `${PRODUCTION.DATABASE_URL}\n`);
      expect(load({ ...PRODUCTION, DATABASE_URL: '', DATABASE_URL_FILE: file }).database.url).toBe(
        PRODUCTION.DATABASE_URL,
      );
      writeFileSync(file, 'rediss://:hV3kkPq0zL@cache:6380\n');
      expect(load({ REDIS_URL_FILE: file }).redisUrl).toBe('rediss://:hV3kkPq0zL@cache:6380');
    });

    it('are refused when empty, or when given both ways', () => {
      const file = join(folder, 'secret');
      writeFileSync(file, '\n');
      expect(faultsOf({ ...PRODUCTION, JWT_SECRET: '', JWT_SECRET_FILE: file })).toEqual([
        expect.stringMatching(/^JWT_SECRET_FILE .*empty/),
      ]);
      expect(faultsOf({ ...PRODUCTION, JWT_SECRET_FILE: file })).toEqual([expect.stringMatching(/^JWT_SECRET .*both/)]);
    });
  });

  it('makes a development secret once, and readable by nobody else', () => {
    const first = loadConfig({ DATA_DIR: folder }).tokens.secret;
    expect(loadConfig({ DATA_DIR: folder }).tokens.secret).toBe(first);
    expect(first.length).toBeGreaterThanOrEqual(32);
    expect(statSync(join(folder, 'jwt-secret')).mode & 0o077).toBe(0);
  });

  it('names the variables that have no effect in this version', () => {
    expect(load({ WORKERS: '2', AUDIT_RETENTION: '', REDIS_URL: 'redis://localhost' }).unused).toEqual(['WORKERS']);
  });

  it('documents each variable in .env.example and in the README', () => {
    const root = join(__dirname, '../..');
    const source = ['config.ts', 'environment.ts']
      .map((name) => readFileSync(join(root, 'src/config', name), 'utf8'))
      .join('\n');
    const names = new Set([...source.matchAll(/'([A-Z][A-Z_]{3,})'/g)].map(([, name = '']) => name));
    const listed = new Set([...source.matchAll(/(?:^|\{|\s)([A-Z][A-Z_]{3,}): '/gm)].map(([, name = '']) => name));
    const [example, readme] = ['.env.example', 'README.md'].map((name) => readFileSync(join(root, name), 'utf8'));
    for (const name of [...names, ...listed]) {
      expect([name, example?.includes(`\n${name}=`)]).toEqual([name, true]);
      expect([name, new RegExp(`\\b${name}\\b`).test(readme ?? '')]).toEqual([name, true]);
    }
    expect(names.size + listed.size).toBeGreaterThan(30);
  });
});
