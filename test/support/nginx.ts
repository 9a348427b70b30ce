/** nginx as deploy/nginx has it, before two servers, with a certificate of the test's own. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { accepts, freePort } from './ports.js';
import { eventually } from './process.js';

/** Debian has it where only root looks for programs. */
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };

export const HAS_NGINX = [
  ['nginx', '-v'],
  ['openssl', 'version'],
].every(([program = '', argument = '']) => spawnSync(program, [argument], { env }).status === 0);

export class Nginx {
  httpsPort: number;
  httpPort: number;
  private readonly folder = mkdtempSync(join(tmpdir(), 'roost-nginx-'));
  private child: ChildProcess;

  private constructor(private readonly ports: readonly [number, number]) {}

  /** @param ports of the two servers */
  static async before(ports: readonly [number, number]): Promise<Nginx> {
    const proxy = new Nginx(ports);
    proxy.httpsPort = await freePort();
    proxy.httpPort = await freePort();
    await proxy.start();
    return proxy;
  }

  get url(): string {
    return `https://127.0.0.1:${this.httpsPort}`;
  }

  async stop(): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await ended;
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async start(): Promise<void> {
    const [key, certificate] = [join(this.folder, 'roost.key'), join(this.folder, 'roost.pem')];
    const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=localhost', '-days', '2'];
    const { status, stderr } = spawnSync('openssl', [...made, '-keyout', key, '-out', certificate], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`openssl made no certificate: ${stderr}`);
    this.write();
    const own = `daemon off; pid ${join(this.folder, 'pid')};`;
    this.child = spawn('nginx', ['-c', join(this.folder, 'nginx.conf'), '-g', own], { env, stdio: 'ignore' });
    await eventually(async () => {
      if (this.child.exitCode !== null) throw new Error('nginx did not start');
      return accepts(this.httpsPort);
    });
  }

  /** The shipped file, with other places. */
  private write(): void {
    const shipped = readFileSync(join(__dirname, '../../deploy/nginx/nginx.conf'), 'utf8');
    const places: [string, string][] = [
      ['listen 443 ', `listen 127.0.0.1:${this.httpsPort} `],
      ['listen 80;', `listen 127.0.0.1:${this.httpPort};`],
      ['/etc/nginx/', `${this.folder}/`],
      ['/etc/nginx/', `${this.folder}/`],
      ...this.ports.map((port, index): [string, string] => [
        `server roost${index + 1}:3000`,
        `server 127.0.0.1:${port}`,
      ]),
    ];
    const text = places.reduce((all, [from, to]) => {
      if (!all.includes(from)) throw new Error(`nginx.conf has no ${from}`);
      return all.replace(from, to);
    }, shipped);
    writeFileSync(join(this.folder, 'nginx.conf'), text);
  }
}
