/** The only place that reads the process' environment. */
import { existsSync, readFileSync } from 'node:fs';

import { parse } from 'dotenv';

/** The environment, and below it what `.env` in the working directory says. */
export function readVariables(): Record<string, string | undefined> {
  const file = existsSync('.env') ? parse(readFileSync('.env')) : {};
  return { ...file, ...process.env };
}
