import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';

import fc from 'fast-check';

import { type Config, loadConfig } from '../../src/config/config.js';
import { parseEnvFile, readEnvFile } from '../../src/config/env-file.js';
import { ConfigError } from '../../src/config/environment.js';
import { readVariables } from '../../src/config/variables.js';

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
      workers: 1,
      runsJobs: true,
      http: {
        host: '127.0.0.1',
        port: 3000,
        publicUrl: undefined,
        httpsOnly: false,
        trustedProxies: [],
        corsOrigins: [],
        allowedHosts: ['127.0.0.1'],
        connectionsPerAddress: 256,
        docs: true,
        metricsToken: undefined,
        noticeMs: 0,
        shutdownTimeoutMs: 20_000,
      },
      database: {
        url: undefined,
        directUrl: undefined,
        replicaUrls: [],
        poolMax: 20,
        prepared: 'auto',
        waitMs: 60_000,
        dataDir: '.data',
      },
      tokens: {
        secret: SECRET,
        previousSecret: undefined,
        keyFolder: undefined,
        issuer: 'roost',
        audience: 'roost',
        accessTtlMs: 86_400_000,
      },
      sessions: { perUser: 50, refreshGraceMs: 30_000, idleTtlMs: 30 * 86_400_000, absoluteTtlMs: 90 * 86_400_000 },
      passwords: { policy: 'default', minLength: 8, bcryptCost: 12, threads: 4 },
      registration: { requireConfirmation: false, concealConflicts: false },
      emailLogin: false,
      staffNeedsSecondFactor: false,
      passkeys: { rpId: 'localhost', origins: ['http://localhost:3000'], pageUrl: undefined },
      mail: {
        smtpUrl: undefined,
        from: { name: 'Roost', address: 'noreply@localhost' },
        appUrl: undefined,
        serviceName: 'Roost',
        mailbox: true,
        outboxIntervalMs: 60_000,
      },
      auditRetentionMs: 400 * 86_400_000,
      rateLimit: true,
      redisUrl: undefined,
      loginGuard: true,
      logLevel: 'info',
      logFormat: 'auto',
      accountDeleteDelayMs: 604_800_000,
      unused: [],
      misspelt: [],
    });
    expect(load(PRODUCTION)).toMatchObject({ http: { host: '0.0.0.0', docs: false } });
  });

  it('takes localhost for one address of loopback', () => {
    expect(load({ HOST: 'localhost' }).http.host).toBe('127.0.0.1');
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
    ['DATABASE_REPLICA_URLS', 'postgres://u@one/db,localhost:5432'],
    ['REDIS_URL', 'http://localhost:6379'],
    ['REDIS_URL', 'localhost:6379'],
    ['DATABASE_POOL_MAX', '0'],
    ['DATABASE_PREPARED', 'yes'],
    ['SMTP_URL', 'mail.example.org:587'],
    ['SMTP_URL', 'https://mail.example.org'],
    ['MAIL_FROM', 'nobody'],
    ['MAIL_FROM', 'a@example.org, b@example.org'],
    ['MAIL_FROM', 'Roost <a@example.org>\r\nBcc: b@example.org'],
    ['OUTBOX_INTERVAL', '0s'],
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
    ['PASSWORD_POLICY', 'NIST'],
    ['PASSWORD_MIN_LENGTH', '7'],
    ['PASSWORD_MIN_LENGTH', '73'],
    ['BCRYPT_COST', '9'],
    ['BCRYPT_COST', '16'],
    ['EMAIL_LOGIN', 'true'],
    ['STAFF_MFA', 'yes'],
    ['PASSKEY_RP_ID', 'https://example.org'],
    ['PASSKEY_RP_ID', '127.0.0.1'],
    ['PASSKEY_ORIGINS', 'https://example.org'],
    ['PASSKEY_ORIGINS', 'http://127.0.0.1:3000'],
    ['PASSKEY_PAGE_URL', 'javascript:alert(1)'],
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
    ['CORS_ORIGINS', 'capacitor://localhost/'],
    ['CORS_ORIGINS', 'file:///'],
    ['CORS_ORIGINS', 'HTTPS://app.example.org'],
    ['ALLOWED_HOSTS', 'roost.internal:3000'],
    ['ALLOWED_HOSTS', 'https://roost.internal'],
    ['ALLOWED_HOSTS', 'roost.internal/path'],
    ['ALLOWED_HOSTS', '*.example.org'],
    ['ALLOWED_HOSTS', '10.0.0.0/8'],
    ['ALLOWED_HOSTS', 'fd00::7'],
    ['AUDIT_RETENTION', '29d'],
    ['LOG_LEVEL', 'verbose'],
    ['LOG_FORMAT', 'text'],
    ['DOCS', 'yes'],
    ['METRICS_TOKEN', 'short'],
    ['SECURITY_CONTACT', 'security@example.org'],
    ['SECURITY_CONTACT', 'https://example.org/a b'],
    ['SHUTDOWN_NOTICE', '8'],
    ['SHUTDOWN_TIMEOUT', '20'],
    ['JWT_SECRET_PREVIOUS_FILE', '/nowhere/at/all'],
  ])('refuses %s=%s by name [R02] [T59] [V11.2.3] [V11.4.2]', (name, value) => {
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

  it('tells with the faults which variables are none', () => {
    expect(faultsOf({ ...PRODUCTION, DATABASE_URL: '', DATBASE_URL: 'x' })).toEqual([
      expect.stringMatching(/^DATABASE_URL is required/),
      expect.stringMatching(/^DATBASE_URL is not a variable of Roost: did you mean DATABASE_URL\?$/),
    ]);
  });

  it('lists all faults at once, and never a value [T59]', () => {
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
      'the quick brown fox jumps over the lazy dog',
      'correct horse battery staple correct horse battery staple',
      'Our engine weaves patterns. Our engine weaves patterns.',
      'Xk3#pQ9!vZXk3#pQ9!vZXk3#pQ9!vZXk3#pQ9!vZ',
      'qwertzuiopasdfghjklyxcvbnm1234567890',
      '98765432109876543210zyxwvutsrqponmlk',
      'dragon2024dragon2025dragon2026dragon2027',
      'P@ssw0rdP@55w0rdPa$$word-P@ssw0rd-1',
      '2024-01-01-2024-01-02-2024-01-03-2024',
      '0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f',
      'wxyzwxyzWXYZWXYZ!!!!????1111222233334444',
      'a'.repeat(32),
      'change-me-change-me-change-me-change',
      'abcabcabcabcabcabcabcabcabcabcabc',
      `${SECRET}secret`,
      'please replace this by one of your own',
      '00112233445566778899aabbccddeeff',
      '000102030405060708090A0B0C0D0E0F',
      Buffer.from(Array.from({ length: 32 }, (_, index) => index)).toString('base64'),
      Buffer.from('deadbeef'.repeat(8), 'hex').toString('base64url'),
      Buffer.from('changeme'.repeat(4)).toString('base64'),
      Buffer.from('our engine weaves patterns').toString('hex'),
    ];

    it('starts with real secrets', () => {
      expect(faultsOf(PRODUCTION)).toEqual([]);
    });

    it.each(['JWT_SECRET', 'DATABASE_URL'])('wants %s [T56]', (name) => {
      expect(faultsOf({ ...PRODUCTION, [name]: '' })).toEqual([
        expect.stringMatching(new RegExp(`^${name} is required`)),
      ]);
    });

    it.each(PATTERNS)('refuses the sample or pattern %s as a secret [V13.2.3] [T56] [T57]', (secret) => {
      expect(faultsOf({ ...PRODUCTION, JWT_SECRET: secret })).toEqual([
        expect.stringMatching(/^JWT_SECRET looks like/),
      ]);
      expect(faultsOf({ NODE_ENV: 'development', JWT_SECRET: secret })).toEqual([]);
    });

    it('takes what the documented command makes', () => {
      for (const secret of [
        'q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQ0jTVfBZcYw4hP2mZ8oKxLs9nRtGd1uEa',
        '5f2b8c1d9e7a4630b1c2d3e4f5a69788f0e1d2c3b4a5968778695a4b3c2d1e0f',
      ]) {
        expect(faultsOf({ ...PRODUCTION, JWT_SECRET: secret })).toEqual([]);
      }
    });

    it('takes whatever comes of a random source', () => {
      const encodings = ['base64', 'base64url', 'hex'] as const;
      fc.assert(
        fc.property(
          fc.uint8Array({ minLength: 32, maxLength: 48 }),
          fc.constantFrom(...encodings),
          (bytes, encoding) => {
            fc.pre(new Set(bytes).size > 24);
            const secret = createHash('sha256').update(bytes).digest(encoding);
            expect([secret, faultsOf({ ...PRODUCTION, JWT_SECRET: secret })]).toEqual([secret, []]);
          },
        ),
        { numRuns: 300 },
      );
    });

    it.each(['JWT_SECRET', 'JWT_SECRET_PREVIOUS', 'METRICS_TOKEN', 'SERVICE_TOKEN'])(
      'judges %s as all keys',
      (name) => {
        const faults = faultsOf({ ...PRODUCTION, [name]: 'Our engine weaves patterns. Our engine weaves patterns.' });
        expect(faults).toEqual([expect.stringMatching(new RegExp(`^${name} looks like`))]);
      },
    );

    it.each([
      ['REDIS_URL', 'redis://:redis@cache'],
      ['REDIS_URL', 'redis://default:Default1@cache'],
      ['DATABASE_URL', 'postgres://app:roost@db/roost'],
      ['DATABASE_URL', 'postgres://app:12345678@db/roost'],
      ['DATABASE_URL', 'postgres://app:Summer2024!@db/roost'],
      ['DATABASE_URL', 'postgres://app@db/roost?password=p%40ssw0rd'],
      ['DATABASE_DIRECT_URL', 'postgres://owner:OWNER@db/roost'],
      ['DATABASE_REPLICA_URLS', 'postgres://app:hV3kkPq0zL@one/roost,postgres://app:app@two/roost'],
      ['SMTP_URL', 'smtp://app:qwerty123@mail'],
    ])('refuses %s=%s for its password', (name, value) => {
      const faults = faultsOf({ ...PRODUCTION, [name]: value });
      expect(faults).toEqual([expect.stringMatching(new RegExp(`^${name} has a password that is too easy to guess`))]);
    });

    it('refuses passwords that are given apart, and a first admin whose password is too easy to guess [V6.3.2]', () => {
      const smtp = { SMTP_HOST: 'mail', SMTP_USER: 'app', SMTP_PASSWORD: 'password1' };
      expect(faultsOf({ ...PRODUCTION, ...smtp })).toEqual([expect.stringMatching(/^SMTP_PASSWORD has a password/)]);
      const admin = { ADMIN_EMAIL: 'root@example.org', ADMIN_PASSWORD: 'Summer2024!' };
      expect(faultsOf({ ...PRODUCTION, ...admin })).toEqual([
        expect.stringMatching(/^ADMIN_PASSWORD is too easy to guess/),
      ]);
      for (const ADMIN_PASSWORD of ['engine number nine', 'Plum#harbour-42!'])
        expect(faultsOf({ ...PRODUCTION, ...admin, ADMIN_PASSWORD })).toEqual([]);
    });

    it.each(['RATE_LIMIT', 'LOGIN_GUARD'])('refuses %s=off [V13.4.2]', (name) => {
      expect(faultsOf({ ...PRODUCTION, [name]: 'off' })).toEqual([expect.stringMatching(new RegExp(`^${name} `))]);
    });

    it('refuses a database password that everybody knows [V13.2.3]', () => {
      for (const url of [
        'postgres://postgres:postgres@db/roost',
        'postgres://app:app@db/roost',
        'postgres://app:app@db1,db2:5433/roost',
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

  it.each([
    [{}, 'Roost'],
    [{ MAIL_FROM: 'Acorn <a@example.org>', APP_URL: 'https://app.example.org' }, 'Acorn'],
    [{ MAIL_FROM: 'a@example.org' }, 'Roost'],
    [{ MAIL_FROM: '"" <a@example.org>' }, 'Roost'],
    [{ MAIL_FROM: '" " <a@example.org>', PUBLIC_URL: 'https://api.example.org:8443/x' }, 'api.example.org'],
    [
      { MAIL_FROM: 'a@example.org', PUBLIC_URL: 'https://api.example.org', APP_URL: 'https://example.org/x' },
      'example.org',
    ],
    [{ MAIL_FROM: 'a@example.org', PUBLIC_URL: 'http://[::1]:3000' }, 'Roost'],
  ])('has a name to show, also where MAIL_FROM has none: %j', (env, name) => {
    expect(load(env).mail.serviceName).toBe(name);
  });

  it('reads an address of any script as a browser does, and sends from it', () => {
    const { http, mail } = load({ PUBLIC_URL: 'https://münchen.example/app/' });
    expect(http.publicUrl).toBe('https://xn--mnchen-3ya.example/app');
    expect(mail.from.address).toBe('noreply@xn--mnchen-3ya.example');
  });

  it.each(['http://roost_app:3000', 'http://10.1.2.3', 'http://[::1]:3000'])(
    'wants a sender only where mail is sent, and none can come from %s',
    (PUBLIC_URL) => {
      expect(load({ PUBLIC_URL }).mail.from.address).toBe('noreply@localhost');
      expect(faultsOf({ PUBLIC_URL, SMTP_URL: 'smtp://mail' })).toEqual([
        expect.stringMatching(/^MAIL_FROM is required/),
      ]);
      expect(faultsOf({ PUBLIC_URL, SMTP_URL: 'smtp://mail', MAIL_FROM: 'a@example.org' })).toEqual([]);
    },
  );

  describe('passwords with any characters', () => {
    it.each([
      ['SMTP_URL', 'smtp://AKIAEXAMPLE:Aq+Amk/U8mae@mail:587', '/', '%2F'],
      ['SMTP_URL', 'smtp://user:123/4@mail:587', '/', '%2F'],
      ['SMTP_URL', 'smtp://user:12?a=3@mail:587', '?', '%3F'],
      ['SMTP_URL', 'smtps://user:a#b@mail', '#', '%23'],
      ['DATABASE_URL', 'postgres://u:100%sure@h/db', '%', '%25'],
      ['DATABASE_URL', 'postgres://u:50%ff@h/db', '%', '%25'],
      ['DATABASE_URL', 'postgres://u:p@ss/word@h/db', '/', '%2F'],
      ['DATABASE_URL', 'postgres://u:what?is@h/db', '?', '%3F'],
      ['DATABASE_URL', 'postgres://u:1#2@h/db', '#', '%23'],
      ['REDIS_URL', 'redis://:a/b@cache:6379/1', '/', '%2F'],
    ])('are refused in %s=%s, with the character and how to write it', (name, value, raw, written) => {
      const faults = faultsOf({ [name]: value });
      expect(faults).toEqual([
        expect.stringContaining(`${name} has a raw ${raw} in it: in a user or password write it as ${written},`),
      ]);
      expect(faults.join()).not.toMatch(/U8mae|sure|word@/);
    });

    it.each([
      ['DATABASE_URL', 'postgres://u:a%2Fb%23c%25d@h/db'],
      ['DATABASE_URL', 'postgres://u:a:b@h:5432/db'],
      ['DATABASE_URL', 'postgres://ada@example.org:pw@h/db'],
      ['DATABASE_URL', 'postgres://u@/db?host=/run/postgresql'],
      ['DATABASE_URL', 'postgres:///db?host=/run/postgresql&user=ada@example.org'],
      ['DATABASE_URL', 'postgresql://%2Frun%2Fpostgresql/db'],
      ['DATABASE_URL', 'postgres://u:p@[::1]:5433/db?sslmode=require&application_name=a@b'],
      ['DATABASE_URL', 'postgres://u:a,b@h1:5432,[::1]:5433/db?target_session_attrs=read-write&sslmode=verify-full'],
      ['DATABASE_URL', 'postgres://u:p@/db?host=/run/one,/run/two&connect_timeout=3'],
      ['DATABASE_URL', 'postgres://u:p@[fe80::1%25eth0]/db'],
      ['SMTP_URL', 'smtp://ada@example.org:pw@mail:587?requireTLS=true'],
      ['REDIS_URL', 'redis://cache'],
    ])('are taken in %s=%s', (name, value) => {
      expect(faultsOf({ [name]: value })).toEqual([]);
    });

    it.each([
      ['DATABASE_URL', 'postgres://u:p@h1:5432,,h2/db', /an empty host in its list/],
      ['DATABASE_URL', 'postgres://u:p@h1,h2:x/db', /a port that is no number/],
      ['DATABASE_URL', 'postgres://u:p@h1,h2:70000/db', /a port that is no number/],
      ['DATABASE_URL', 'postgres://u:p@h1,h2:0/db', /a port that is no number/],
      ['DATABASE_URL', 'postgres://u:p@h1,h2/db?port=1,70000', /a port that is no number/],
      ['DATABASE_URL', 'postgres://u:p@h1,h2,h3/db?port=1,2', /3 hosts, but not as many ports/],
      ['DATABASE_URL', 'postgres://u:p@h1,h2/db?hostaddr=10.0.0.1', /2 hosts, but not as many ports or addresses/],
      ['DATABASE_URL', 'postgres://u:p@h/db?hostaddr=h', /a hostaddr that is no IP address/],
      ['DATABASE_URL', 'postgres://u:p@h1,h2/db?connect_timeout=2s', /a connect_timeout that is no whole number/],
      [
        'DATABASE_URL',
        'postgres://u:p@h/db?target_session_attrs=standby',
        /other than any, primary, read-write: Roost/,
      ],
      ['DATABASE_DIRECT_URL', 'postgres://u:p@h1,/db', /an empty host in its list/],
      ['DATABASE_REPLICA_URLS', 'postgres://u:p@h1,h2/db', /must be a URL that begins with/],
      ['REDIS_URL', 'redis://one,two', /names several hosts/],
      ['DATABASE_URL', 'postgres://u:p@h:port/db', /a port that is no number/],
      ['DATABASE_URL', 'postgres://u:p q@h/db', /white space/],
      ['DATABASE_URL', 'postgres://u:p@h/db?sslmode=verify-full&sslrootcert=/nowhere/ca.pem', /sslrootcert .*ENOENT/],
    ])('is not what keeps %s=%s from being read', (name, value, fault) => {
      expect(faultsOf({ [name]: value })).toEqual([expect.stringMatching(fault)]);
    });

    it('may be given apart, as they are', () => {
      const password = 'A#b/c?d%e@f g:h+';
      const file = join(folder, 'password');
      writeFileSync(file, `${password}\n`);
      for (const given of [{ DATABASE_PASSWORD: password }, { DATABASE_PASSWORD_FILE: file }]) {
        const { url, directUrl, replicaUrls } = load({
          ...given,
          DATABASE_URL: 'postgres://u@h/db',
          DATABASE_DIRECT_URL: 'postgres://owner:x@h/db',
          DATABASE_REPLICA_URLS: ' postgres://u@one/db , postgres://u:y@two/db,',
        }).database;
        expect(decodeURIComponent(new URL(url ?? '').password)).toBe(password);
        expect(directUrl).toBe('postgres://owner:x@h/db');
        expect(replicaUrls).toEqual([expect.stringContaining('@one/db'), 'postgres://u:y@two/db']);
        expect(decodeURIComponent(new URL(replicaUrls[0] ?? '').password)).toBe(password);
      }
      const smtp = { SMTP_HOST: 'mail.example.org', SMTP_USER: 'ada@example.org' };
      for (const given of [{ SMTP_PASSWORD: password }, { SMTP_PASSWORD_FILE: file }]) {
        const url = new URL(load({ ...smtp, ...given }).mail.smtpUrl ?? '');
        expect([url.protocol, url.host]).toEqual(['smtp:', 'mail.example.org:587']);
        expect([url.username, url.password].map(decodeURIComponent)).toEqual(['ada@example.org', password]);
      }
      expect(load({ SMTP_HOST: '::1', SMTP_PORT: '465' }).mail.smtpUrl).toBe('smtps://[::1]:465');
    });

    it.each([
      [{ DATABASE_PASSWORD: 'x' }, 'DATABASE_PASSWORD'],
      [{ DATABASE_PASSWORD: 'x', DATABASE_URL: 'postgres://h/db' }, 'DATABASE_PASSWORD'],
      [{ DATABASE_PASSWORD: 'x', DATABASE_URL: 'postgres://u:y@h/db' }, 'DATABASE_PASSWORD'],
      [{ SMTP_USER: 'u' }, 'SMTP_USER'],
      [{ SMTP_HOST: 'mail', SMTP_USER: 'u' }, 'SMTP_PASSWORD'],
      [{ SMTP_HOST: 'mail', SMTP_URL: 'smtp://mail' }, 'SMTP_HOST'],
      [{ SMTP_HOST: 'mail/x' }, 'SMTP_HOST'],
    ])('are refused where they belong to nothing: %j', (values, name) => {
      expect(faultsOf(values)).toEqual([expect.stringMatching(new RegExp(`^${name} `))]);
    });
  });

  it.each([
    ['SMTPURL', 'SMTP_URL'],
    ['smtp_url', 'SMTP_URL'],
    ['SMTP_PASS', 'SMTP_PASSWORD'],
    ['CORS_ORIGIN', 'CORS_ORIGINS'],
    ['DATBASE_URL', 'DATABASE_URL'],
    ['JWT_SECRET_FIEL', 'JWT_SECRET_FILE'],
    ['LOGLEVEL', 'LOG_LEVEL'],
  ])('notices that %s is no variable, and which is like it', (name, meant) => {
    expect(load({ [name]: 'x' }).misspelt).toEqual([{ name, meant: expect.stringMatching(`^${meant}`) as string }]);
  });

  it('leaves the variables of other programs alone', () => {
    const others = [
      'PATH',
      'HOME',
      'HOSTNAME',
      'SSH_AUTH_SOCK',
      'PGHOST',
      'SESSION_MANAGER',
      'NODE_OPTIONS',
      'MAIL',
      'PWD',
    ];
    expect(load(Object.fromEntries(others.map((name) => [name, 'x']))).misspelt).toEqual([]);
  });

  describe('.env', () => {
    it('says nothing of the threads, which Node made before: hashes would take all of them', () => {
      writeFileSync(join(folder, '.env'), 'UV_THREADPOOL_SIZE=64\nBCRYPT_COST=11\n');
      const before = process.cwd();
      process.chdir(folder);
      try {
        const { UV_THREADPOOL_SIZE, BCRYPT_COST } = readVariables();
        expect([UV_THREADPOOL_SIZE, BCRYPT_COST]).toEqual([process.env.UV_THREADPOOL_SIZE, '11']);
      } finally {
        process.chdir(before);
      }
    });

    it('says what it means with and without quotes', () => {
      const text = [
        "\uFEFF# a comment, with a quote's mark",
        'PLAIN=value   # a comment',
        'export SPACED = some words ',
        'EMPTY=',
        'NOTHING= # a comment',
        `SINGLE='Plum#harbour-42! \\n "x"' # a comment`,
        'DOUBLE="a\\nb \\"c\\" \\\\ #d"',
        "APOSTROPHE=it's",
        'EQUALS=a=b==',
        'KEY="-----BEGIN',
        '# kept',
        'END-----"',
        'AFTER=x\r',
      ].join('\n');
      expect(parseEnvFile(text)).toEqual({
        PLAIN: 'value',
        SPACED: 'some words',
        EMPTY: '',
        NOTHING: '',
        SINGLE: 'Plum#harbour-42! \\n "x"',
        DOUBLE: 'a\nb "c" \\ #d',
        APOSTROPHE: "it's",
        EQUALS: 'a=b==',
        KEY: '-----BEGIN\n# kept\nEND-----',
        AFTER: 'x',
      });
    });

    it.each([
      ['ADMIN_PASSWORD=Plum#harbour-42!', /line 1: ADMIN_PASSWORD has a # in its value: put the value in quotes/],
      ['ADMIN_PASSWORD=#harbour', /line 1: ADMIN_PASSWORD/],
      ['A=1\nADMIN_PASSWORD=harbour # 42', /line 2: ADMIN_PASSWORD has a # after a space/],
      ['ADMIN_PASSWORD="harbour"42', /line 1: ADMIN_PASSWORD continues after its closing "/],
      ["ADMIN_PASSWORD='it's'", /line 1: ADMIN_PASSWORD continues/],
      ['ADMIN_PASSWORD="harbour', /line 1: ADMIN_PASSWORD begins with ", which is never closed/],
      ['harbour', /line 1 is not NAME=value/],
    ])('is refused where it would be cut or guessed at: %j', (text, fault) => {
      const parse = (): unknown => parseEnvFile(text);
      expect(parse).toThrow(fault);
      expect(parse).not.toThrow(/harbour/);
    });

    it.each([
      [
        'a folder',
        (path: string) => {
          mkdirSync(path);
        },
        /\.env is a folder/,
      ],
      [
        'UTF-16',
        (path: string) => {
          writeFileSync(path, '\uFEFFPORT=1', 'utf16le');
        },
        /in UTF-16: save it as UTF-8/,
      ],
      [
        'Latin-1',
        (path: string) => {
          writeFileSync(path, 'A=\xE4', 'latin1');
        },
        /not in UTF-8/,
      ],
    ])('is refused in a sentence when it is %s', (_, make, fault) => {
      const path = join(folder, '.env');
      make(path);
      expect(() => readEnvFile(path)).toThrow(fault);
    });

    it('need not be there', () => {
      expect(readEnvFile(join(folder, '.env'))).toEqual({});
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

  it('wants SMTP_URL in production where people log in by mail', () => {
    const on = { ...PRODUCTION, EMAIL_LOGIN: 'on' };
    expect(faultsOf(on)).toEqual([expect.stringMatching(/^SMTP_URL is required/)]);
    expect(faultsOf({ ...on, SMTP_URL: 'smtp://mail.internal' })).toEqual([]);
    expect(faultsOf({ EMAIL_LOGIN: 'on' })).toEqual([]);
  });

  it('allows a bcrypt cost below 10 to tests only [V11.4.2]', () => {
    expect(load({ NODE_ENV: 'test', BCRYPT_COST: '4' }).passwords.bcryptCost).toBe(4);
    expect(faultsOf({ NODE_ENV: 'test', BCRYPT_COST: '3' })).toHaveLength(1);
  });

  describe('secrets from files', () => {
    it('are read without the line break at the end [V13.3.1]', () => {
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

    it('are refused when empty, or when given both ways [T56]', () => {
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
    const known = { WORKERS: '2', AUDIT_RETENTION: '', REDIS_URL: 'redis://localhost' };
    expect(load({ ...known, JWT_KEYS_DIR: folder }).unused).toEqual(['JWT_KEYS_DIR']);
  });

  it('reads the number of workers, and one for each core', () => {
    expect([{}, { WORKERS: '1' }, { WORKERS: '64' }].map((env) => load(env).workers)).toEqual([1, 1, 64]);
    expect(load({ WORKERS: 'auto' }).workers).toBe(Math.min(64, availableParallelism()));
    for (const WORKERS of ['0', '65', '-1', '2.5', '1e1', 'all'])
      expect(faultsOf({ WORKERS })).toEqual(['WORKERS must be auto, or a whole number from 1 to 64']);
  });

  it.each([
    [{ PUBLIC_URL: 'https://api.example.org' }, 'api.example.org', ['https://api.example.org']],
    [{ PUBLIC_URL: 'https://192.0.2.1' }, 'localhost', []],
    [
      { APP_URL: 'https://example.org/app', PUBLIC_URL: 'https://api.example.org' },
      'example.org',
      ['https://example.org'],
    ],
    [
      { APP_URL: 'https://example.org', CORS_ORIGINS: 'https://m.example.org,https://other.org,http://x.example.org' },
      'example.org',
      ['https://example.org', 'https://m.example.org'],
    ],
    [
      {
        PASSKEY_RP_ID: 'example.org',
        PASSKEY_ORIGINS: 'https://a.example.org,android:apk-key-hash:8eJqy-hdzaiKXyMBKjHlNbqmhUgYJqVgZDzGVvmDZ5s',
      },
      'example.org',
      ['https://a.example.org', 'android:apk-key-hash:8eJqy-hdzaiKXyMBKjHlNbqmhUgYJqVgZDzGVvmDZ5s'],
    ],
  ])('has passkeys by %j', (variables, rpId, origins) => {
    expect(loadConfig(variables).passkeys).toEqual({ rpId, origins, pageUrl: undefined });
  });

  it('documents each variable in .env.example and in the README', () => {
    const root = join(__dirname, '../..');
    const source = ['config.ts', 'environment.ts', 'servers.ts']
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
