import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** With those above it. Node's own `recursive` tries for ever where nothing can be made, as in /proc. @returns whether it was missing */
export function makeFolder(path: string, mode?: number): boolean {
  try {
    return make(path, mode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(path) === path) throw error;
    makeFolder(dirname(path), mode);
    return make(path, mode);
  }
}

function make(path: string, mode: number | undefined): boolean {
  try {
    mkdirSync(path, mode);
    return true;
  } catch (error) {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return false;
    throw error;
  }
}
