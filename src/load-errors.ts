/** Why a start could not load its code. Imports nothing of Roost: that may be what cannot be loaded. */
import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';

const TOO_FEW_FILES =
  'The limit of open files is too low: raise it (ulimit -n) to 1024 or more, and start Roost again.';

export function explainLoading(error: unknown): string | undefined {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EMFILE') return TOO_FEW_FILES;
  if (code !== 'ERR_MODULE_NOT_FOUND') return undefined;
  return exists(message) ? TOO_FEW_FILES : 'A required package is not installed: run npm ci.';
}

/** Node calls a package missing when it could not open its package.json. To look whether a file exists opens none. */
function exists(message: string): boolean {
  const [, kind, name = '', importer = ''] =
    /^Cannot find (package|module) '([^']+)'(?: imported from (.+))?$/m.exec(message) ?? [];
  // Of a package whose `main` could not be read, this is the file that Node guessed.
  if (isAbsolute(name)) return existsSync(kind === 'package' ? join(dirname(name), 'package.json') : name);
  const [folder = ''] = /^(?:@[^/]+\/)?[^/]+/.exec(name) ?? [];
  for (let from = importer; from !== dirname(from); from = dirname(from))
    if (existsSync(join(dirname(from), 'node_modules', folder, 'package.json'))) return true;
  return false;
}
