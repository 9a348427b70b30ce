/** `npm run build`; with --if-needed only when a source is newer than the last build that came to its end. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const root = join(import.meta.dirname, '..');
/** Nest empties dist/ first, so this is there only after a whole build. */
const stamp = join(root, 'dist', '.complete');
/** Images are built without it. */
const client = join(root, 'clients', 'typescript');
const inputs = ['scripts/build.mjs', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'nest-cli.json'];

export function buildIfNeeded() {
  if (isOlder(stamp, [...inputs.map((name) => join(root, name)), ...filesIn(join(root, 'src'))])) build();
}

/** What tests take the typed client from. */
export function buildClientIfNeeded() {
  const sources = join(client, 'src');
  if (!existsSync(sources) || !isOlder(join(client, 'dist', 'index.js'), filesIn(sources))) return;
  run([join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', client]);
}

function isOlder(made, sources) {
  const madeAt = existsSync(made) ? statSync(made).mtimeMs : 0;
  return sources.some((file) => statSync(file).mtimeMs > madeAt);
}

function filesIn(folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name));
}

function build() {
  const nest = join(root, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js');
  if (!existsSync(nest)) {
    process.stderr.write(`\n${whatIsMissing()}\n\n`);
    process.exit(1);
  }
  process.stderr.write('Building Roost …\n');
  run([nest, 'build']);
  applyDecoratorsLater();
  writeFileSync(stamp, '');
}

/** The sources, and the compiler's plugin, import decorators of @nestjs/swagger. In the build they are those of http/openapi/swagger.ts. */
function applyDecoratorsLater() {
  const dist = join(root, 'dist');
  const files = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.js'));
  for (const file of files.map((name) => join(dist, name))) {
    const stand = relative(dirname(file), join(dist, 'http', 'openapi', 'swagger.js')).replaceAll('\\', '/');
    const path = stand.startsWith('.') ? stand : `./${stand}`;
    const text = readFileSync(file, 'utf8');
    const changed = text.replace(/^(import .* from )(["'])@nestjs\/swagger\2;$/gm, `$1'${path}';`);
    if (changed !== text) writeFileSync(file, changed);
  }
}

/** Standard output is the built program's. */
function run(args) {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: ['inherit', process.stderr.fd, 'inherit'] });
  if (status !== 0) process.exit(status ?? 1);
}

/** With NODE_ENV=production npm leaves out what builds. */
function whatIsMissing() {
  return existsSync(join(root, 'node_modules', '@nestjs', 'core'))
    ? 'Roost must be built first, but its build tools are not installed. Run npm ci --include=dev, and then npm run build.'
    : 'The packages that Roost needs are not installed. Run npm ci --include=dev.';
}

if (process.argv[1] === import.meta.filename) {
  if (process.argv.includes('--if-needed')) buildIfNeeded();
  else {
    build();
    buildClientIfNeeded();
  }
}
