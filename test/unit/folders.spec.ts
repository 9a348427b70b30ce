import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { makeFolder } from '../../src/common/files/folders.js';

describe('a folder', () => {
  const root = mkdtempSync(join(tmpdir(), 'roost-folders-'));

  afterAll(() => {
    rmSync(root, { recursive: true });
  });

  it('is made with those above it, with a mode, and said to be new', () => {
    const path = join(root, 'a/b/c');
    expect([makeFolder(path, 0o700), makeFolder(path), makeFolder(join(root, 'a'))]).toEqual([true, false, false]);
    expect(['a', 'a/b', 'a/b/c'].map((name) => statSync(join(root, name)).mode & 0o777)).toEqual([0o700, 0o700, 0o700]);
  });

  it('is not made where a file is, nor below it', () => {
    writeFileSync(join(root, 'file'), '');
    expect(() => makeFolder(join(root, 'file'))).toThrow('EEXIST');
    expect(() => makeFolder(join(root, 'file/below'))).toThrow('ENOTDIR');
  });

  (process.platform === 'linux' ? it : it.skip).each(['/proc/roost', '/proc/roost/below'])(
    'is not tried for ever where none can be made: %s',
    (path) => {
      expect(() => makeFolder(path)).toThrow('ENOENT');
    },
  );
});
