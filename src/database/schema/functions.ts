/** SQL functions are files beside their nouns, here by their path below src. Migrations create them. */
import { existsSync, readFileSync } from 'node:fs';

import type { QueryRunner } from 'typeorm';

export async function createFunctions(runner: QueryRunner, ...paths: readonly string[]): Promise<void> {
  // A file may use a column that a later migration adds.
  await runner.query('SET LOCAL check_function_bodies = off');
  for (const path of paths) await runner.query(readFileSync(placeOf(path), 'utf8'));
}

/** Those of a module that was removed are kept with the migrations. */
function placeOf(path: string): URL {
  const place = new URL(`../../${path}`, import.meta.url);
  return existsSync(place) ? place : new URL(`../migrations/removed/${path}`, import.meta.url);
}
