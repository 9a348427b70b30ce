// @ts-check
/** `npm run bench:tokens`: what it costs to sign and to verify an access token, by algorithm, with the library that Roost uses. */
import { createSecretKey, generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';

import jwt from 'jsonwebtoken';

import { median, round } from './support/report.mjs';

const ROUNDS = 15;
const TOKENS = 300;

const secret = createSecretKey(randomBytes(48));
const KEYS = /** @type {const} */ ({
  HS256: { privateKey: secret, publicKey: secret },
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
});
const ALGORITHMS = /** @type {(keyof typeof KEYS)[]} */ (Object.keys(KEYS));
const exp = 4_000_000_000;
const claims = { iss: 'roost', aud: 'roost', sub: randomUUID(), sid: randomUUID(), role: 'user', epoch: 0, exp };

/** @param {keyof typeof KEYS} algorithm */
const sign = (algorithm) => jwt.sign(claims, KEYS[algorithm].privateKey, { algorithm });

/** @param {() => unknown} action @returns processor time of one, in µs */
function cost(action) {
  const from = process.cpuUsage();
  for (let count = 0; count < TOKENS; count += 1) action();
  const { user, system } = process.cpuUsage(from);
  return (user + system) / TOKENS;
}

/** @type {Record<string, number[]>} */
const costs = {};
for (let turn = 0; turn < ROUNDS; turn += 1) {
  for (const algorithm of ALGORITHMS) {
    const token = sign(algorithm);
    const verify = () => jwt.verify(token, KEYS[algorithm].publicKey, { algorithms: [algorithm] });
    (costs[`${algorithm} sign`] ??= []).push(cost(() => sign(algorithm)));
    (costs[`${algorithm} verify`] ??= []).push(cost(verify));
  }
}
const rows = ALGORITHMS.map((algorithm) => {
  const [signing, verifying] = ['sign', 'verify'].map((what) => round(median(costs[`${algorithm} ${what}`] ?? [])));
  return `| ${algorithm} | ${signing} | ${verifying} |`;
});
process.stdout.write(`${['| | sign | verify |', '|---|---|---|', ...rows].join('\n')}\n`);
