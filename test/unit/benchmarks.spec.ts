/** Benchmarks read the build without its types, and nobody runs all of them after each change. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '../..');

const taken = readdirSync(join(ROOT, 'bench'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.mjs'))
  .flatMap((file) => namesIn(file, readFileSync(join(ROOT, 'bench', file), 'utf8')));

/** `const { a, b } = await fromBuild('x.js')`, and `x.a` after `const x = await from('x.js')`. */
function namesIn(file: string, text: string): [file: string, module: string, name: string][] {
  const found: [string, string, string][] = [];
  for (const [, names, whole, module = ''] of text.matchAll(
    /const (?:\{ ([\w, ]+) \}|(\w+)) = await (?:fromBuild|from)\('([^']+)'\)/g,
  )) {
    const used =
      names?.split(', ') ??
      [...text.matchAll(new RegExp(`(?<![/'])\\b${whole}\\.(?!query\\b)(\\w+)`, 'g'))].map(([, name = '']) => name);
    for (const name of new Set(used)) found.push([file, module, name]);
  }
  return found;
}

describe('benchmarks', () => {
  it('find what they take from the build', () => {
    expect(taken.length).toBeGreaterThan(40);
    // Without a module that Roost came with, its benchmarks do not run (docs/removing-a-module.md).
    const there = taken.filter(([, module]) => existsSync(join(ROOT, 'src', module.split('/')[0] ?? '')));
    const missing = there.filter(([, module, name]) => {
      const source = readFileSync(join(ROOT, 'src', module.replace(/\.js$/, '.ts')), 'utf8');
      return !new RegExp(`^export (?:async )?(?:function|class|const) ${name}\\b`, 'm').test(source);
    });
    expect(missing).toEqual([]);
  });

  const run = (...options: string[]): { status: number | null; said: string } => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, 'bench/starts.mjs'), ...options], {
      encoding: 'utf8',
    });
    return { status, said: stdout + stderr };
  };
  const USAGE = 'Options, with their defaults:\n  --rounds 3\n  --save\n';

  it.each([
    [['--help'], 0, USAGE],
    [['--round', '5'], 2, `Unknown option '--round'\n${USAGE}`],
    [['--rounds', 'many'], 2, `--rounds takes numbers, such as 3.\n${USAGE}`],
  ])('say which options there are: %j', (options, status, said) => {
    expect(run(...options)).toEqual({ status, said });
  });

  it('read their options in one way', () => {
    const texts = readdirSync(join(ROOT, 'bench')).filter((file) => file.endsWith('.mjs'));
    const others = texts.filter((file) => readFileSync(join(ROOT, 'bench', file), 'utf8').includes('parseArgs'));
    expect(others).toEqual([]);
  });
});
