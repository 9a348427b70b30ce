/**
 * `npm run keys:rotate`: makes the next key of access tokens in JWT_KEYS_DIR, and removes those that nobody needs any
 * more. With `-- --now` the new key signs at once; with `-- --prune` none is made.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { readKeyFolder } from '../dist/config/config.js';
import { ConfigError, Environment } from '../dist/config/environment.js';
import { rotateKeys } from '../dist/config/key-rotation.js';
import { readVariables } from '../dist/config/variables.js';
import { runCommand, UsageError } from './command.mjs';

const USAGE = `Usage:
  npm run keys:rotate              creates the next signing key in JWT_KEYS_DIR, and deletes old ones
  npm run keys:rotate -- --now     the same, but the new key signs at once
  npm run keys:rotate -- --prune   only deletes old keys: all tokens that they signed have expired`;

function main() {
  const { values: options } = parseArgs({ options: { now: { type: 'boolean' }, prune: { type: 'boolean' } } });
  if (options.now && options.prune) throw new UsageError('--now makes a key, and --prune makes none: choose one.');
  const env = new Environment(readVariables());
  const folder = readKeyFolder(env);
  if (env.faults.length > 0) throw new ConfigError(env.faults);
  if (!folder) {
    throw new ConfigError([
      'JWT_ALGORITHM is HS256, which has no key files: set it to ES256 (or RS256) to rotate keys',
    ]);
  }
  const nowMs = Date.now();
  const rotation = rotateKeys(folder, { nowMs, immediately: options.now ?? false, pruneOnly: options.prune ?? false });
  process.stdout.write(`${describe(rotation, { ...folder, nowMs }).join('\n')}\n`);
}

function describe({ made, waiting, signer, removed, keys }, { dir, algorithm, nowMs }) {
  const lines = [];
  if (made !== undefined) {
    const { signsFrom } = keys.find(({ id }) => id === made);
    lines.push(`Created ${join(dir, `${made}.pem`)} (${algorithm}).`);
    lines.push(
      signsFrom > nowMs
        ? `It is published in /.well-known/jwks.json now, and begins to sign at ${time(signsFrom)}.`
        : 'It signs within seconds, where Roost runs.',
    );
  }
  for (const { id, signsFrom } of waiting) {
    lines.push(`${id}.pem already exists, and begins to sign at ${time(signsFrom)}.`);
  }
  if (signer === undefined) lines.push('There are no keys.');
  else if (signer.id !== made) lines.push(`${signer.id}.pem is the signing key now.`);
  for (const id of removed) lines.push(`Deleted ${id}.pem: all tokens that it signed have expired.`);
  return lines;
}

function time(ms) {
  return new Date(ms).toISOString().replace(/\.\d+/, '');
}

await runCommand(main, { usage: USAGE });
