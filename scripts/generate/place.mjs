/** What is in the project already, and whether a command may write there. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { namesTwice } from './example.mjs';
import { Refusal } from './refusal.mjs';
import { hasTable } from './tables.mjs';

/** @param files texts of new files by their paths */
export function checkNew(root, { many, one }, files) {
  const has = (path) => existsSync(join(root, path));
  const sources = sourcesOf(root);
  const all = Object.values(sources).join('\n');
  if (has(`src/${many}`)) throw new Refusal(`There is a folder src/${many} already.`);
  if (hasTable(root, many)) throw new Refusal(`A migration makes a table "${many}" already.`);
  if (new RegExp(`^ {2}${one}_(?:not_found|forbidden):`, 'm').test(all))
    throw new Refusal(`The error code ${one}_not_found or ${one}_forbidden is another noun's.`);
  const present = Object.keys(files).find(has);
  if (present) throw new Refusal(`${present} is there already.`);
  for (const [path, text] of Object.entries(files)) {
    const [twice] = namesTwice(text);
    if (twice) throw new Refusal(`The name "${twice}" would have two meanings in ${path}. Choose another word.`);
    const [, name] =
      [...text.matchAll(/^export class (\w+)/gm)].find(([, each]) => all.includes(`class ${each} `)) ?? [];
    if (name) throw new Refusal(`There is a class ${name} already. Choose another word.`);
  }
}

/** A command's own changes can be seen, and undone, while nothing else is changed in these files. */
export function checkUnchanged(root, paths, { ignored = 'traditional' } = {}) {
  const { status, stdout, error } = spawnSync(
    'git',
    ['status', '--porcelain', `--ignored=${ignored}`, '--', ...paths],
    {
      cwd: root,
      encoding: 'utf8',
    },
  );
  if (error || status !== 0)
    throw new Refusal('This is no git repository, so nothing could be undone. --force writes all the same.');
  if (stdout.trim() !== '')
    throw new Refusal(
      `These files have changes that are not committed:\n${stdout.trimEnd()}\nCommit them first, or use --force.`,
    );
}

function sourcesOf(root) {
  const names = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(root, 'src', name), 'utf8')]));
}
