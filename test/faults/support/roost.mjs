/** `node --no-memory-reducer dist/main.js` in production, on a port that stays its own. */
import { join } from 'node:path';

import { Client } from './client.mjs';
import { ownFolder, start } from './children.mjs';
import { freePort } from './typescript.mjs';
import { until } from './time.mjs';

export const MAIN = join(import.meta.dirname, '../../../dist/main.js');

/** Clients name their addresses, so that the general limits, which production does not switch off, are everybody's own. */
const PRODUCTION = {
  NODE_ENV: 'production',
  HOST: '127.0.0.1',
  BCRYPT_COST: '10',
  TRUST_PROXY: '127.0.0.0/8',
  JWT_SECRET: 'kX9#vQ2!mZ7@pL4$wR8^tN3&yB6*cF1(',
  PUBLIC_URL: 'http://roost.example.org',
  ALLOWED_HOSTS: '*',
  LOG_LEVEL: 'warn',
};

export class Roost {
  child;
  starts = 0;

  constructor(port, env, main) {
    this.port = port;
    this.env = env;
    this.main = main;
    this.url = `http://127.0.0.1:${port}`;
  }

  /** @param env `DATABASE_URL` at least */
  static async start(env, { main = MAIN } = {}) {
    const roost = new Roost(await freePort(), env, main);
    await roost.start();
    return roost;
  }

  async start() {
    this.launch();
    await this.whenReady();
  }

  launch() {
    this.starts += 1;
    const { NODE_ARGUMENTS = '', DESCRIPTORS, ...env } = this.env;
    const limit = DESCRIPTORS === undefined ? '' : `ulimit -n ${DESCRIPTORS}; `;
    this.child = start(
      'sh',
      ['-c', `${limit}exec "$0" --no-memory-reducer ${NODE_ARGUMENTS} "$1"`, process.execPath, this.main],
      {
        cwd: ownFolder('roost'),
        env: { ...PRODUCTION, PORT: String(this.port), ...env },
      },
    );
  }

  async whenReady() {
    const client = new Client(this.url);
    try {
      await until(
        async () => {
          if (this.child.exitCode !== null) throw new Error(`Roost ended: ${this.child.said}`);
          return (await client.send('GET', '/health/ready')).status === 200;
        },
        { what: 'Roost is ready' },
      );
    } finally {
      client.close();
    }
  }

  get isAlive() {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** @returns the exit code; null after a signal */
  async end(signal = 'SIGTERM') {
    this.child.kill(signal);
    return this.child.ended;
  }

  /** Lines of the log that have an event. */
  events(name) {
    return this.child.said.split('\n').filter((line) => line.includes(`"event":"${name}"`));
  }
}
