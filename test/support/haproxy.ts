/** HAProxy as deploy/haproxy has it, before two servers, with a certificate of the test's own. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { accepts, freePort } from './ports.js';
import { eventually } from './process.js';

/** Debian has it where only root looks for programs. */
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };

export const HAS_HAPROXY = ['haproxy -v', 'openssl version'].every((command) => {
  const [program = '', argument = ''] = command.split(' ');
  return spawnSync(program, [argument], { env }).status === 0;
});

export class HAProxy {
  httpsPort: number;
  httpPort: number;
  private readonly folder = mkdtempSync(join(tmpdir(), 'roost-haproxy-'));
  private child: ChildProcess;

  /** @param ports of the two servers */
  static async before(ports: readonly [number, number]): Promise<HAProxy> {
    const proxy = new HAProxy();
    proxy.httpsPort = await freePort();
    proxy.httpPort = await freePort();
    await proxy.start(ports);
    return proxy;
  }

  get url(): string {
    return `https://127.0.0.1:${this.httpsPort}`;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  async stop(): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async start([first, second]: readonly [number, number]): Promise<void> {
    const file = join(__dirname, '../../deploy/haproxy/haproxy.cfg');
    const variables = {
      HAPROXY_HTTPS: `127.0.0.1:${this.httpsPort}`,
      HAPROXY_HTTP: `127.0.0.1:${this.httpPort}`,
      HAPROXY_CERTIFICATE: this.certificate(),
      ROOST_1: `127.0.0.1:${first}`,
      ROOST_2: `127.0.0.1:${second}`,
    };
    this.child = spawn('haproxy', ['-db', '-f', file], { env: { ...env, ...variables }, stdio: 'ignore' });
    await eventually(async () => {
      if (this.child.exitCode !== null) throw new Error('HAProxy did not start');
      return accepts(this.httpsPort);
    });
  }

  private certificate(): string {
    const file = join(this.folder, 'roost.pem');
    const key = join(this.folder, 'key.pem');
    const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=localhost', '-days', '2'];
    const { status, stderr } = spawnSync('openssl', [...made, '-keyout', key, '-out', file], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`openssl made no certificate: ${stderr}`);
    appendFileSync(file, readFileSync(key));
    return file;
  }
}
