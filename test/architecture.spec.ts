/** The rules of the house that a compiler does not know. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';

const ROOT = join(__dirname, '..');
const SRC = join(ROOT, 'src');

/** What every room may import. */
const GROUND = [
  'common',
  'common/registries',
  'config',
  'database',
  'database/cleanup',
  'database/replicas',
  'http',
  'http/input',
  'http/openapi',
  'limits',
];

/** Folders of rooms. */
const OF_ROOMS = ['auth', 'timeline'];

/** What proves who somebody is. */
const PROOFS = ['auth/hashing', 'auth/login-guard', 'auth/mailed-tokens'];

/** What happens to an account. */
const OF_ACCOUNTS = ['auth/sessions', 'auth/deletion', 'auth/emails', 'auth/second-factors'];

/** What rooms may import: imports run one way. Of a noun that is not listed: the ground, users and idempotency. */
const MAY_IMPORT: Record<string, readonly string[] | 'anything'> = {
  common: ['common/files'],
  'common/files': [],
  'common/registries': [],
  config: ['common', 'common/files', 'common/registries'],
  http: ['common'],
  'http/connections': ['common', 'http'],
  'http/input': ['common'],
  'http/lifecycle': ['common', 'http'],
  'http/openapi': ['common', 'http'],
  site: GROUND,
  limits: ['common', 'config', 'http'],
  database: ['common', 'common/files', 'config', 'database/connections', 'database/embedded', 'database/schema'],
  'database/cleanup': ['common', 'config', 'database'],
  'database/connections': ['common', 'config', 'database'],
  'database/embedded': ['common/files'],
  'database/migrations': ['database/schema'],
  'database/replicas': ['common', 'config', 'database'],
  'database/schema': ['common', 'config', 'database', 'database/connections', 'database/migrations'],
  audit: [...GROUND, 'database/schema'],
  mail: GROUND,
  health: [...GROUND, 'http/lifecycle'],
  idempotency: GROUND,
  users: [...GROUND, 'audit', 'auth/hashing'],
  'auth/hashing': GROUND,
  'auth/revocations': GROUND,
  'auth/login-guard': [...GROUND, 'audit', 'users', 'auth/hashing'],
  'auth/tokens': [...GROUND, 'auth/revocations'],
  'auth/sessions': [...GROUND, 'audit', 'users', 'auth/login-guard', 'auth/revocations', 'auth/tokens'],
  'auth/mailed-tokens': [...GROUND, 'users'],
  'auth/second-factors': [...GROUND, 'audit', 'mail', 'users', 'auth/login-guard', 'auth/sessions'],
  'auth/totp': [...GROUND, 'users', 'auth/second-factors'],
  'auth/step-up': [...GROUND, 'audit', 'users', ...PROOFS, 'auth/sessions', 'auth/second-factors'],
  'auth/cookies': GROUND,
  'auth/passkeys': [
    ...GROUND,
    'idempotency',
    'audit',
    'mail',
    'users',
    'auth/cookies',
    'auth/login',
    'auth/second-factors',
    'auth/sessions',
  ],
  'auth/email-login': [
    ...GROUND,
    'audit',
    'mail',
    'users',
    'auth/cookies',
    'auth/hashing',
    'auth/login',
    'auth/login-guard',
    'auth/sessions',
  ],
  'auth/deletion': [...GROUND, 'audit', 'mail', 'users', ...PROOFS, 'auth/sessions'],
  'auth/emails': [
    ...GROUND,
    'idempotency',
    'audit',
    'mail',
    'users',
    ...PROOFS,
    'auth/sessions',
    'auth/deletion',
    'auth/second-factors',
  ],
  'auth/passwords': [...GROUND, 'audit', 'mail', 'users', ...PROOFS, ...OF_ACCOUNTS],
  'auth/login': [...GROUND, 'idempotency', 'audit', 'mail', 'users', ...PROOFS, ...OF_ACCOUNTS, 'auth/cookies'],
  'auth/personal-tokens': [...GROUND, 'audit', 'mail', 'users', 'auth/revocations', 'auth/sessions', 'auth/tokens'],
  'timeline/people': [...GROUND, 'users'],
  'timeline/posts': [...GROUND, 'idempotency', 'audit', 'users', 'timeline/people'],
  'timeline/stream': [...GROUND, 'users', 'auth/revocations', 'timeline/posts'],
  account: [...GROUND, 'audit', 'users', 'auth/login-guard', 'auth/revocations'],
  admin: [
    ...GROUND,
    'idempotency',
    'audit',
    'mail',
    'users',
    ...PROOFS,
    'auth/revocations',
    'auth/sessions',
    'auth/deletion',
    'auth/second-factors',
  ],
  // They start all of Roost.
  workers: 'anything',
  testing: 'anything',
  auth: 'anything',
  timeline: 'anything',
  '': 'anything',
};

/** The migration that created a function last, and the hash of its file then. */
const FUNCTIONS: Record<string, readonly [string, string]> = {
  'audit/refuse_audit_change.sql': ['1763830001000-audit', 'bfd93848c63a75ee'],
  'auth/sessions/live_sessions.sql': ['1763840000000-fewer-statements', '740c4a143052760c'],
  'auth/revocations/notify_revocations.sql': ['1763830000000-accounts', 'e3e16433ea40b924'],
  'database/schema/short_grams.sql': ['1763852000000-short-searches', '904ff69efa520329'],
  'database/schema/keep_timestamps.sql': ['1763830000000-accounts', '199d71cf27a6b18b'],
  'idempotency/claim_idempotency_key.sql': ['1764500000000-idempotency-keys', 'f889f8a68585c5a9'],
  'mail/notify_mails.sql': ['1763830002000-mails', '76398edc68c13a66'],
  'timeline/people/add_user_stats.sql': ['1763830004000-timeline', '49068f50e81d5f92'],
  'timeline/people/follow.sql': ['1763840000000-fewer-statements', '42cb6a748ffa6a16'],
  'timeline/posts/current_tx.sql': ['1763830004000-timeline', 'ff464200b1945089'],
  'timeline/posts/insert_post.sql': ['1763830004000-timeline', 'a88d8cf5c1ba5117'],
  'timeline/posts/timeline_page.sql': ['1764510000000-timeline-walk', '94573b2927c2a673'],
  'users/fold_text.sql': ['1763852000000-short-searches', '3f6216f5536a4d46'],
  'users/is_hidden.sql': ['1763830000000-accounts', '27638aa79ad2cbc4'],
};

/** Words that a reader whose first language is not English stumbles over. */
const HARD_WORDS = /\b(?:whoever|whomever)\b/i;

/** In descriptions of the published OpenAPI document. */
const SAY_WHOEVER = ['audit/audit.dto.ts', 'timeline/people/people.controller.ts'];

interface Source {
  /** Below src, with slashes. */
  readonly path: string;
  /** The folder, at most two levels deep; '' for the files of src itself. */
  readonly room: string;
  readonly text: string;
  /** Of relative imports, also of those that wait until they are needed; below src. */
  readonly imports: readonly string[];
}

const sources = readSources();

describe('the house', () => {
  it('lists no room that is not there', () => {
    const rooms = new Set(sources.map(({ room }) => room));
    expect(Object.keys(MAY_IMPORT).filter((room) => !rooms.has(room))).toEqual([]);
  });

  it('imports one way', () => {
    const wrong = sources.flatMap(({ path, room, imports }) => {
      const allowed = MAY_IMPORT[room] ?? [...GROUND, 'users', 'idempotency'];
      return imports
        .filter((target) => allowed !== 'anything' && ![room, ...allowed].includes(roomOf(target)))
        .map((target) => `${path} imports ${target}`);
    });
    expect(wrong).toEqual([]);
  });

  it('has a test kit that no other room imports', () => {
    const users = sources.filter(
      ({ room, imports }) => room !== 'testing' && imports.some((target) => roomOf(target) === 'testing'),
    );
    expect(users.map(({ path }) => path)).toEqual([]);
  });

  it('keeps nothing but the list of its rooms in a folder of rooms', () => {
    const files = sources.filter(({ room }) => OF_ROOMS.includes(room)).map(({ path }) => path);
    expect(files.sort()).toEqual(OF_ROOMS.map((name) => `${name}/${name}.module.ts`));
  });

  it('has rooms of at most 15 files, and modules of at most three exports', () => {
    const sizes = new Map<string, number>();
    for (const { room } of sources) sizes.set(room, (sizes.get(room) ?? 0) + 1);
    const full = [...sizes].filter(([room, size]) => size > 15 && !['', 'database/migrations'].includes(room));
    expect(full).toEqual([]);
    // The ground of everything is in each of them.
    const open = sources.filter(
      ({ path, text }) =>
        path !== 'config/config.module.ts' && (/exports: \[([^\]]*)\]/.exec(text)?.[1]?.match(/\w+/g)?.length ?? 0) > 3,
    );
    expect(open.map(({ path }) => path)).toEqual([]);
  });

  it('has no cycles between files', () => {
    const graph = new Map(sources.map(({ path, imports }) => [path, imports]));
    const cycles: string[] = [];
    const done = new Set<string>();
    const visit = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path)) cycles.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
      if (trail.includes(path) || done.has(path)) return;
      for (const target of graph.get(path) ?? []) visit(target, [...trail, path]);
      done.add(path);
    };
    for (const { path } of sources) visit(path, []);
    expect(cycles).toEqual([]);
  });

  it.each([
    ['forwardRef', /\bforwardRef\b/, []],
    ['barrel files', /^export \* from/m, []],
    ['@Global', /@Global\(/, ['config/config.module.ts']],
    ['the environment outside config', /\bprocess\.env\b/, ['config/variables.ts', 'testing/']],
    ['active record, eager, lazy or cascade relations', /\b(?:eager|lazy|cascade): ?true|extends BaseEntity/, []],
    ['lines that also end at U+2028', /'(?:node:)?readline(?:\/promises)?'/, []],
    ['folders that are made for ever, as in /proc', /\bmkdir(?:Sync)?\(.*recursive/, []],
    ['schema synchronisation', /\bsynchronize: true|migrationsRun: true/, []],
    ['implicit conversion of input', /enableImplicitConversion/, []],
    [
      'connection that does not choose among the hosts of its URL',
      /\bnew pg\.Client\(/,
      ['database/connections/hosts.ts', 'testing/'],
    ],
    ['history in comments', /\/\/.*\b(?:TODO|FIXME|HACK|previously|no longer|used to|legacy)\b/i, []],
    ['the clock of tests', /offset_?ms/i, ['testing/']],
    [
      'the wall clock outside Clock',
      /\bnew Date\(\)|\bDate\.now\(\)/,
      ['common/clock.ts', 'database/connect.ts', 'auth/email-login/email-login.script.mjs'],
    ],
  ] as const)('has no %s', (_, pattern, except) => {
    const found = sources.filter(
      ({ path, text }) =>
        pattern.test(text) && ![...except, 'database/embedded/'].some((allowed) => path.startsWith(allowed)),
    );
    expect(found.map(({ path }) => path)).toEqual([]);
  });

  it('names files in kebab-case, and none a helper', () => {
    const badly = sources.filter(
      ({ path }) =>
        !/^(?:[a-z-]+\/)*(?:[a-z0-9]+(?:[-.][a-z0-9]+)*\.(?:ts|mjs)|[a-z_]+\.sql)$/.test(path) ||
        /\b(?:utils?|helpers?|manager|base|impl)\b/i.test(path.split('/').pop() ?? ''),
    );
    expect(badly.map(({ path }) => path)).toEqual([]);
  });

  it('opens each module file with a sentence of purpose', () => {
    const silent = sources.filter(
      ({ path, text }) => path.endsWith('.module.ts') && !/^\/\*\* .+\. ?\*\/\n/.test(text),
    );
    expect(silent.map(({ path }) => path)).toEqual([]);
  });

  it('has comments on at most 4 % of the lines of code', () => {
    // What DTOs and controllers say becomes the OpenAPI document, and editors show what kit.ts says; migrations are never edited.
    const lines = sources
      .filter(({ path, room }) => /(?<!\.dto|\.controller|\bkit)\.ts$/.test(path) && room !== 'database/migrations')
      .flatMap(({ text }) => text.trimEnd().split('\n'));
    const comments = lines.filter((line) => /^\s*(?:\/\/|\/?\*(?!\[))/.test(line));
    expect((100 * comments.length) / lines.length).toBeLessThanOrEqual(4);
  });

  it('keeps SQL in *.query.ts, *.sql, in migrations and in database/ [V1.2.4]', () => {
    const sql = /\b(?:SELECT|INSERT INTO|UPDATE|DELETE FROM)\s+[\w"*(]/;
    const found = sources.filter(
      ({ path, text }) => sql.test(text) && !/\.(?:query\.ts|sql)$/.test(path) && !path.startsWith('database/'),
    );
    expect(found.map(({ path }) => path)).toEqual(['health/health.controller.ts']);
  });

  it('binds values by the tag of database/sql.ts, and numbers none by hand [V1.2.4]', () => {
    const found = sources.filter(
      ({ path, room, text }) =>
        (/(?:from|import\() ?'sql-template-tag'/.test(text) && path !== 'database/sql.ts') ||
        (/\$\d/.test(text) && /\.query\.ts$|^database\//.test(path) && room !== 'database/migrations'),
    );
    expect(found.map(({ path }) => path)).toEqual([]);
  });

  it('gives each advisory lock a number of its own', () => {
    const locks = sources.flatMap(({ text }) => text.match(/\b7_263_948_\d{3}\b/g) ?? []);
    expect(locks.length).toBeGreaterThan(5);
    expect(locks).toEqual([...new Set(locks)]);
  });

  it('changes no SQL function without a migration that creates it again', () => {
    const migrations = sources.filter(({ room }) => room === 'database/migrations').toSorted(byPath);
    const undone = sources.flatMap(({ path, text }) => {
      // Of modules that were removed, only migrations create them.
      if (!path.endsWith('.sql') || path.startsWith('database/migrations/')) return [];
      const hash = createHash('sha256').update(text.replaceAll('\r', '')).digest('hex').slice(0, 16);
      const last = migrations.findLast((migration) => migration.text.includes(`'${path}'`))?.path;
      const [name, known] = FUNCTIONS[path] ?? [];
      if (hash === known && last === `database/migrations/${name}.ts`) return [];
      return [
        `Databases have ${path} as it was: call createFunctions(runner, '${path}') in a new migration. Then write into FUNCTIONS: ['<the migration>', '${hash}']`,
      ];
    });
    expect(undone).toEqual([]);
  });

  it('never asks the database for the start of the transaction, which may be long ago', () => {
    // An entity's default mirrors a migration. `now():` is a method.
    const start = /(?<![.\w]|default: \(\) => ')now\(\)(?!:)|\b(?:current|transaction)_timestamp\b/i;
    const found = sources.filter(({ room, text }) => room !== 'database/migrations' && start.test(text));
    expect(found.map(({ path }) => path)).toEqual([]);
  });

  it('has no hard words in code and documents', () => {
    // The SQL of a migration that has run is not edited.
    const hard = sources.filter(
      ({ path, room, text }) => HARD_WORDS.test(text) && room !== 'database/migrations' && !SAY_WHOEVER.includes(path),
    );
    const documents = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .filter((name) => HARD_WORDS.test(readFileSync(join(ROOT, 'docs', name), 'utf8')));
    expect([...hard.map(({ path }) => path), ...documents]).toEqual([]);
  });

  it('loads neither @nestjs/swagger nor all of class-validator at start', () => {
    const dist = join(ROOT, 'dist');
    const found = readdirSync(dist, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.js'))
      .filter((name) =>
        /^import .*["'](?:@nestjs\/swagger|class-validator)["'];$/m.test(readFileSync(join(dist, name), 'utf8')),
      );
    expect(found).toEqual([]);
  });

  it('has every file that the documents name', () => {
    const documents = [
      'README.md',
      ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).map((name) => join('docs', name)),
    ];
    const missing = documents
      .filter((name) => name.endsWith('.md'))
      .flatMap((name) =>
        [
          ...readFileSync(join(ROOT, name), 'utf8').matchAll(
            /`([a-z][\w.-]*(?:\/[\w.-]+)+\.(?:ts|mjs|sql|json|ya?ml))`/g,
          ),
        ]
          .map(([, path = '']) => path)
          // The guide's example is `notes`, which is not there.
          .filter((path) => !path.includes('notes') && ![ROOT, SRC].some((folder) => existsSync(join(folder, path))))
          .map((path) => `${name} names ${path}`),
      );
    expect(missing).toEqual([]);
  });
});

function readSources(): Source[] {
  return readdirSync(SRC, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = relative(SRC, join(entry.parentPath, entry.name)).replaceAll('\\', '/');
      const text = readFileSync(join(SRC, path), 'utf8');
      const imports = [...text.matchAll(/(?:from |import |import\()'(\.[^']+)'/g)].map(([, target = '']) =>
        normalize(join(dirname(path), target))
          .replaceAll('\\', '/')
          .replace(/\.js$/, '.ts'),
      );
      return { path, room: roomOf(path), text, imports };
    });
}

function byPath({ path: one }: Source, { path: other }: Source): number {
  return one < other ? -1 : 1;
}

function roomOf(path: string): string {
  return dirname(path) === '.' ? '' : dirname(path).split('/').slice(0, 2).join('/');
}
