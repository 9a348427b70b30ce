/** Commands of scripts/, run as `npm run …` runs them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Run {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Standard input. */
  readonly input?: string | Uint8Array;
}

const COMMANDS = join(__dirname, 'commands.mjs');

/** One after the other in one process, where nothing but what they take and say is asked: a process for each takes ten times as long. */
export async function runInOne(script: string, runs: readonly Run[]): Promise<Outcome[]> {
  const given = runs.map(({ args, env, input = '' }) => ({ args, env, input: Buffer.from(input).toString('base64') }));
  const child = spawn(process.execPath, [COMMANDS, script, JSON.stringify(given)], {
    cwd: '/',
    env: { PATH: process.env.PATH, NODE_ENV: 'test', BCRYPT_COST: '4' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await once(child, 'close');
  return JSON.parse(said) as Outcome[];
}
