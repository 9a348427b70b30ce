/** The rules of the house that a compiler does not know. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';

const SRC = join(__dirname, '..', 'src');

/** What each folder may import of the others: imports run one way. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  common: [],
  config: ['common'],
  database: ['common', 'config'],
  audit: ['common', 'config', 'database'],
  mail: ['common', 'config', 'database'],
  users: ['common', 'config', 'database'],
  auth: ['common', 'config', 'database', 'audit', 'mail', 'users'],
  tasks: ['common', 'config', 'database', 'users'],
  timeline: ['common', 'config', 'database', 'audit', 'users'],
  account: ['common', 'config', 'database', 'audit', 'users', 'auth', 'tasks', 'timeline'],
  admin: ['common', 'config', 'database', 'audit', 'users', 'auth', 'timeline'],
  health: ['common', 'config', 'database'],
};

interface Source {
  /** Below src, with slashes. */
  readonly path: string;
  readonly folder: string;
  readonly text: string;
  /** Of relative imports, below src. */
  readonly imports: readonly string[];
}

const sources = readSources();

describe('the house', () => {
  it('knows every folder of src', () => {
    const folders = new Set(sources.map(({ folder }) => folder).filter((folder) => folder !== ''));
    expect([...folders].sort()).toEqual(Object.keys(MAY_IMPORT).sort());
  });

  it('imports one way', () => {
    const wrong = sources.flatMap(({ path, folder, imports }) =>
      imports
        .filter(
          (target) => folder !== '' && folderOf(target) !== folder && !MAY_IMPORT[folder]?.includes(folderOf(target)),
        )
        .map((target) => `${path} imports ${target}`),
    );
    expect(wrong).toEqual([]);
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
    ['the environment outside config', /\bprocess\.env\b/, ['config/variables.ts']],
    ['active record, eager, lazy or cascade relations', /\b(?:eager|lazy|cascade): ?true|extends BaseEntity/, []],
    ['schema synchronisation', /\bsynchronize: true|migrationsRun: true/, []],
    ['implicit conversion of input', /enableImplicitConversion/, []],
    ['history in comments', /\/\/.*\b(?:TODO|FIXME|HACK|previously|no longer|used to|legacy)\b/i, []],
    ['the wall clock outside Clock', /\bnew Date\(\)|\bDate\.now\(\)/, ['common/clock.ts', 'database/connect.ts']],
  ] as const)('has no %s', (_, pattern, except) => {
    const found = sources.filter(
      ({ path, text }) =>
        pattern.test(text) && !(except as readonly string[]).includes(path) && !path.startsWith('database/embedded'),
    );
    expect(found.map(({ path }) => path)).toEqual([]);
  });

  it('names files in kebab-case, and none a helper', () => {
    const badly = sources.filter(
      ({ path }) =>
        !/^(?:[a-z-]+\/)*[a-z0-9]+(?:[-.][a-z0-9]+)*\.(?:ts|mjs)$/.test(path) ||
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

  it('keeps SQL in *.query.ts, in migrations and in database/', () => {
    const sql = /\b(?:SELECT|INSERT INTO|UPDATE|DELETE FROM)\s+[\w"*(]/;
    const found = sources.filter(
      ({ path, text }) => sql.test(text) && !path.endsWith('.query.ts') && !path.startsWith('database/'),
    );
    expect(found.map(({ path }) => path)).toEqual(['health/health.controller.ts']);
  });
});

function readSources(): Source[] {
  return readdirSync(SRC, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = relative(SRC, join(entry.parentPath, entry.name)).replaceAll('\\', '/');
      const text = readFileSync(join(SRC, path), 'utf8');
      const imports = [...text.matchAll(/(?:from|import) '(\.[^']+)'/g)].map(([, target = '']) =>
        normalize(join(dirname(path), target))
          .replaceAll('\\', '/')
          .replace(/\.js$/, '.ts'),
      );
      return { path, folder: folderOf(path), text, imports };
    });
}

function folderOf(path: string): string {
  return path.includes('/') ? (path.split('/')[0] ?? '') : '';
}
