/** The token secret of development: created once in the data folder, so that a restart logs nobody out. */
import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { makeFolder } from '../common/files/folders.js';
import { ConfigError } from './environment.js';

export function developmentSecret(dataDir: string): string {
  const file = join(dataDir, 'jwt-secret');
  try {
    if (!existsSync(file)) create(dataDir, file);
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw new ConfigError([`DATA_DIR must be a folder that Roost can write to (${code}); set it, or set JWT_SECRET`]);
  }
}

/** Instances may race in one folder: a hard link appears whole or not at all, and the first one wins. */
function create(dataDir: string, file: string): void {
  makeFolder(dataDir);
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${randomBytes(48).toString('base64url')}\n`, { mode: 0o600 });
  try {
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft);
  }
}
