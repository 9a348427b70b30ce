/** The only place that reads and changes the process' environment. */
import { readEnvFile } from './env-file.js';

/** `.env` in the working directory fills gaps of the environment. Empty means unset in both.
 * Node made its threads before: what `.env` says of them is not so. */
export function readVariables(): Record<string, string | undefined> {
  const set = Object.entries(process.env).filter(([, value]) => value?.trim() !== '');
  return { ...readEnvFile('.env'), UV_THREADPOOL_SIZE: undefined, ...Object.fromEntries(set) };
}

/** The driver reads PGSSLMODE, PGOPTIONS and the like, which describe another server than the embedded one. */
export function forgetDriverVariables(): void {
  for (const name of Object.keys(process.env)) if (/^PG[A-Z_]+$/.test(name)) Reflect.deleteProperty(process.env, name);
}
