/** A copy of the project, with a history of its own, in which commands write. */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';

import { CommandRunner, type Outcome } from './command.js';

const ROOT = join(__dirname, '../..');
/** Not of the project, or not needed. */
const LEFT = new Set(['node_modules', '.git', '.data', '.env', 'dist', 'coverage']);

export class ProjectCopy {
  private constructor(
    readonly path: string,
    readonly generator: CommandRunner,
  ) {}

  static async make(): Promise<ProjectCopy> {
    const path = mkdtempSync(join(tmpdir(), 'roost-generate-'));
    cpSync(ROOT, path, {
      recursive: true,
      filter: (source) => !LEFT.has(relative(ROOT, source).split(sep)[0] ?? ''),
    });
    symlinkSync(join(ROOT, 'node_modules'), join(path, 'node_modules'));
    const copy = new ProjectCopy(path, new CommandRunner(join(path, 'scripts/generate.mjs')));
    await copy.git('init', '--quiet');
    await copy.commit();
    return copy;
  }

  async end(): Promise<void> {
    await this.generator.end();
    rmSync(this.path, { recursive: true });
  }

  /** Nothing of Jest's own environment is for a Jest in the copy, but the server. */
  run(file: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Outcome> {
    const { PATH, HOME, ROOST_TEST_ADMIN_URL: TEST_DATABASE_URL } = process.env;
    const options = {
      cwd: this.path,
      env: { PATH, HOME, TEST_DATABASE_URL, GIT_CONFIG_GLOBAL: '/dev/null', ...env },
      maxBuffer: 64 * 1024 * 1024,
    };
    return new Promise((resolve) => {
      const child = execFile(file, args, options, (_, stdout, stderr) => {
        resolve({ code: child.exitCode, stdout, stderr });
      });
    });
  }

  node(script: string, ...args: string[]): Promise<Outcome> {
    return this.run(process.execPath, [script, ...args]);
  }

  tool(name: string, ...args: string[]): Promise<Outcome> {
    return this.node(`node_modules/${name}`, ...args);
  }

  async git(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run('git', args);
    if (code !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`);
    return stdout;
  }

  async commit(): Promise<void> {
    await this.git('add', '--all');
    await this.git('-c', 'user.name=a', '-c', 'user.email=a@example.org', 'commit', '--quiet', '--message', 'x');
  }

  /** The paths that differ from the last commit, with no times in the names of migrations. */
  async changed(): Promise<string[]> {
    const status = await this.git('status', '--porcelain', '--untracked-files=all');
    return status
      .trimEnd()
      .split('\n')
      .filter(Boolean)
      .map((line) => line.slice(3).replace(/\d{13}/, '…'))
      .sort();
  }

  read(path: string): string {
    return readFileSync(join(this.path, path), 'utf8');
  }

  edit(path: string, change: (text: string) => string): void {
    const text = this.read(path);
    expect(change(text)).not.toBe(text);
    writeFileSync(join(this.path, path), change(text));
  }
}

export function expectWell({ code, stdout, stderr }: Outcome): void {
  expect([code, code === 0 ? '' : stdout + stderr]).toEqual([0, '']);
}
