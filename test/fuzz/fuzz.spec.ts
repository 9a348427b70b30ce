/** `npm run fuzz` against the build, shortly: the same sequences each time in `npm test`, new ones in the soak. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { itInSoak, soaked } from '../support/soak.js';
import { judge } from './judge.mjs';

const SCRIPT = join(__dirname, '../../scripts/fuzz.mjs');
const NEW_SEQUENCES = ['--minutes', '1'];
const SAME_SEQUENCES = ['--cases', '15', '--seed', '1'];

interface Outcome {
  readonly code: number | null;
  readonly told: string;
}

async function fuzz(args: readonly string[], { interrupted = false } = {}): Promise<Outcome> {
  const child = spawn(process.execPath, [SCRIPT, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let told = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      if (told === '' && interrupted) child.kill('SIGINT');
      told += chunk.toString();
    });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, told };
}

describe('npm run fuzz', () => {
  it('finds nothing: no 5xx, nothing undocumented, no secret, and the process lives [V2.2.1] [V2.2.2] [V1.3.3] [T51] [T53]', async () => {
    const { code, told } = await fuzz(soaked(1, 0) === 1 ? NEW_SEQUENCES : SAME_SEQUENCES);
    expect({ code, told }).toEqual({ code: 0, told: expect.stringMatching(/sequences, \d{3,} requests/) });
  });

  itInSoak('ends at Ctrl-C, with its Roost', async () => {
    const { code, told } = await fuzz(['--minutes', '10'], { interrupted: true });
    expect({ code, told }).toEqual({ code: 130, told: expect.stringContaining('interrupted') });
  });

  it('says what is wrong with its options', async () => {
    expect(await fuzz(['--minutes', '0'])).toEqual({ code: 2, told: expect.stringContaining('--minutes') });
  });
});

describe('the judge of the fuzzer', () => {
  const HEADERS = {
    'content-type': 'application/json; charset=utf-8',
    'content-security-policy': "default-src 'none'",
    'x-content-type-options': 'nosniff',
    'x-request-id': 'f81d4fae-7dec-41d0-a765-00a0c91e6bf6',
    'cache-control': 'no-store',
  };
  const LIVE = { operation: 'health_live', method: 'GET', path: '/health/live', takesBody: false };
  const SECRET = 'a password of somebody';
  const faultsOf = (status: number, body: unknown, headers: Record<string, string> = {}): string[] =>
    judge(
      LIVE,
      { status, body, text: JSON.stringify(body), headers: new Headers({ ...HEADERS, ...headers }) },
      new Set([SECRET]),
    );

  it('lets through what is documented', () => {
    expect(faultsOf(200, { status: 'ok' })).toEqual([]);
  });

  it.each([
    ['a 500', 500, { status: 'ok' }, {}, /answered 500/],
    ['an undocumented status', 201, { status: 'ok' }, {}, /not in openapi\.json/],
    ['an undocumented field', 200, { status: 'ok', more: 1 }, {}, /does not match openapi\.json: .*\(more\)/],
    ['another content type', 200, { status: 'ok' }, { 'content-type': 'text/html' }, /is not application\/json/],
    ['a secret', 200, { status: SECRET }, {}, /shows a secret/],
    ['a hash', 200, { status: '$2b$12$' }, {}, /shows a hash/],
    ['a stack', 404, { detail: 'Error: at next (node:x)' }, {}, /shows what Roost is made of/],
    ['a missing header', 200, { status: 'ok' }, { 'x-content-type-options': '' }, /x-content-type-options/],
  ] as const)('finds %s', (_, status, body, headers, expected) => {
    expect(faultsOf(status, body, headers)).toContainEqual(expect.stringMatching(expected));
  });
});
