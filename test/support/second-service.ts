/** The service of docs/verifying-tokens.md: exactly the code that stands there, as a process of its own. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(__dirname, '../..');

export class SecondService {
  private readonly folder = mkdtempSync(join(tmpdir(), 'roost-service-'));
  private child: ChildProcess;
  url: string;

  /** @param serviceToken with it, it follows the revocations */
  static async start(roostUrl: string, serviceToken?: string): Promise<SecondService> {
    const service = new SecondService();
    const [code = '', revocations = '', check = ''] = documentedCode();
    const following = code.replace(/^(.+)await jwtVerify.+\n/m, (line) => `${line}${check}`);
    writeFileSync(
      join(service.folder, 'service.mjs'),
      serviceToken === undefined ? code : `import { hasEnded } from './revocations.mjs';\n${following}`,
    );
    writeFileSync(join(service.folder, 'revocations.mjs'), revocations);
    symlinkSync(join(ROOT, 'node_modules'), join(service.folder, 'node_modules'));
    service.child = fork(join(service.folder, 'service.mjs'), {
      env: { PATH: process.env.PATH, ROOST_URL: roostUrl, PORT: '0', SERVICE_TOKEN: serviceToken },
      execArgv: ['--import', join(__dirname, 'moved-clock.mjs')],
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    const [line] = (await once(service.child.stdout ?? service.child, 'data')) as [Buffer];
    service.url = line.toString().trim();
    return service;
  }

  /** Returns once the service's clock says so. */
  async advance(seconds: number): Promise<void> {
    const moved = once(this.child, 'message');
    this.child.send(seconds * 1_000);
    await moved;
  }

  /** @returns the status, and who is asking */
  async ask(token: string): Promise<{ status: number; body: Record<string, unknown> }> {
    const answer = await fetch(this.url, { headers: { authorization: `Bearer ${token}` } });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  }

  async stop(): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
    rmSync(this.folder, { recursive: true });
  }
}

function documentedCode(): string[] {
  const document = readFileSync(join(ROOT, 'docs/verifying-tokens.md'), 'utf8');
  return [...document.matchAll(/```js\n([\s\S]+?)```/g)].map(([, code = '']) => code);
}
