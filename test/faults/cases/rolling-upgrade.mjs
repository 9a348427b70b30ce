import { symlinkSync } from 'node:fs';
import { join } from 'node:path';

import { ownFolder, run as command } from '../support/children.mjs';
import { MAIN } from '../support/roost.mjs';
import { inTurn } from '../support/rolling.mjs';
import { HAS_HAPROXY } from '../support/typescript.mjs';

export const title = 'the version before the newest migration replaced in turn by this one, and back';

const ROOT = join(import.meta.dirname, '../../..');

/** The old code serves on the new schema from the moment of the migration, and is started on it once more. */
export async function run(how) {
  if (!HAS_HAPROXY) return { skipped: 'HAProxy or openssl is not installed' };
  const old = builtBefore(newestMigration());
  if (old === undefined) return { skipped: 'the history of the repository is not here' };
  how.say('the old version is built');
  return inTurn(how, { first: old, rounds: how.full ? [MAIN, old, MAIN, old, MAIN] : [MAIN, old] });
}

/** @returns the commit that brought it */
function newestMigration() {
  const log = ['log', '--diff-filter=A', '--format=%H', '--name-only', '--', 'src/database/migrations'];
  const added = git(...log).split(/\n(?=[0-9a-f]{40}\n)/);
  const newest = git('ls-files', 'src/database/migrations').trim().split('\n').sort().at(-1);
  return added.find((each) => each.includes(newest))?.split('\n')[0];
}

function builtBefore(commit) {
  if (commit === undefined) return undefined;
  const folder = ownFolder('old');
  try {
    git('cat-file', '-e', `${commit}^`);
  } catch {
    return undefined;
  }
  command('sh', ['-c', `git -C "$0" archive "$1" | tar -x -C "$2"`, ROOT, `${commit}^`, folder]);
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  command(process.execPath, [join(folder, 'scripts/build.mjs')]);
  return join(folder, 'dist/main.js');
}

function git(...args) {
  return command('git', ['-C', ROOT, ...args]);
}
