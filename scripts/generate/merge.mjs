/** What a field changes in the files of a noun, merged with what people have changed in them since. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { formatted } from './example.mjs';
import { Refusal } from './refusal.mjs';

/**
 * @param before the files as they are generated without the field, by their paths; `after`: with it
 * @returns the changed texts by their paths, and the paths of those that have git's marks of conflicts
 */
export async function mergedWith(root, before, after) {
  const folder = mkdtempSync(join(tmpdir(), 'roost-generate-'));
  const [texts, conflicts] = [{}, []];
  try {
    for (const path of Object.keys(after).filter((each) => before[each] !== after[each])) {
      const current = readFileSync(join(root, path), 'utf8');
      const { text, clean } = mergeOf(folder, [current, before[path], after[path]]);
      if (!clean) conflicts.push(path);
      texts[path] = clean ? await formatted(path, text) : text;
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return { texts, conflicts };
}

function mergeOf(folder, versions) {
  const names = ['as it is', 'without the field', 'with the field'];
  const files = versions.map((text, index) => {
    const file = join(folder, String(index));
    writeFileSync(file, text);
    return file;
  });
  const labels = names.flatMap((name) => ['-L', name]);
  const { status, stdout, error } = spawnSync('git', ['merge-file', '-p', ...labels, ...files], { encoding: 'utf8' });
  if (error || status === null || status > 127) throw new Refusal('Adding a field needs git, which merges the files.');
  return { text: stdout, clean: status === 0 };
}
