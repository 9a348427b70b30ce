/** `npm run test:node -- 22 24`: the tests on other versions of Node, which npm brings; `--` and then what Jest is to be told. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

const [, , ...given] = process.argv;
const end = given.indexOf('--');
const versions = end === -1 ? given : given.slice(0, end);
const jestArguments = end === -1 ? [] : given.slice(end + 1);
if (versions.length === 0 || !versions.every((version) => /^\d+(?:\.\d+){0,2}$/.test(version))) {
  process.stderr.write('Name the versions of Node: npm run test:node -- 22 24\n');
  process.exit(2);
}

const system = process.platform === 'win32' ? 'win' : process.platform;
const jest = join(import.meta.dirname, '..', 'node_modules', 'jest', 'bin', 'jest.js');
const folder = mkdtempSync(join(tmpdir(), 'roost-node-'));
process.on('exit', () => {
  rmSync(folder, { recursive: true, force: true });
});

for (const version of versions) {
  const name = `node-${system}-${process.arch}`;
  run('npm', ['install', '--prefix', folder, '--no-save', '--no-audit', '--no-fund', '--silent', `${name}@${version}`]);
  const node = join(folder, 'node_modules', name, 'bin', system === 'win' ? 'node.exe' : 'node');
  process.stdout.write(`\nThe tests on Node ${spawnSync(node, ['-v'], { encoding: 'utf8' }).stdout}`);
  const path = [dirname(node), process.env['PATH']].join(delimiter);
  run(node, [jest, ...jestArguments], { ...process.env, PATH: path });
}

/** @param {string} command @param {string[]} args @param {NodeJS.ProcessEnv} [env] */
function run(command, args, env = process.env) {
  const { status } = spawnSync(command, args, { stdio: 'inherit', env });
  if (status !== 0) process.exit(status ?? 1);
}
