/** Commands of scripts/, run as `npm run …` runs them. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Standard input. */
  readonly input?: string | Uint8Array;
}

/**
 * One process for many runs of a command, one after the other, where nothing is asked but what they take, do and say:
 * a process for each takes ten times as long.
 */
export class CommandRunner {
  private readonly child: ChildProcess;
  private last: Promise<unknown> = Promise.resolve();

  /** @param env of all runs */
  constructor(script: string, env: Readonly<Record<string, string>> = {}) {
    this.child = fork(join(__dirname, 'commands.mjs'), [script], {
      cwd: '/',
      env: { PATH: process.env.PATH, NODE_ENV: 'test', BCRYPT_COST: '4', ...env },
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
  }

  run(args: readonly string[], { env = {}, input = '' }: RunOptions = {}): Promise<Outcome> {
    const outcome = this.last.then(async () => {
      const answer = once(this.child, 'message');
      this.child.send({ args, env, input: Buffer.from(input).toString('base64') });
      const [said] = (await answer) as [Outcome];
      return said;
    });
    this.last = outcome.catch(() => undefined);
    return outcome;
  }

  async end(): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
  }
}
