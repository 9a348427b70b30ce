/** A Roost as it runs in production, and everything that hostile clients send to it. */
import { existsSync, readdirSync } from 'node:fs';
import { connect } from 'node:net';

import { Api } from '../support/api.js';
import { cloneTemplate, dropDatabase } from '../support/database.js';
import { attack, hostileBytes, MANNERS } from '../support/hostile.js';
import { eventually, RoostFolder, type RoostProcess } from '../support/process.js';
import { head, request } from '../support/raw.js';
import { Relay } from '../support/relay.js';

const ADA = { email: 'ada@example.org', password: 'correct horse battery' };
const PRODUCTION = {
  NODE_ENV: 'production',
  BCRYPT_COST: '10',
  HOST: '127.0.0.1',
  TRUST_PROXY: '127.0.0.1/32',
  JWT_SECRET: 'kX9#vQ2!mZ7@pL4$wR8^tN3&yB6*cF1(',
};
const FAULT = /uncaughtException|unhandledRejection|"level":"(?:error|fatal)"|^\s+at /;
/** Connections to the database come and go. */
const POOL = 25;

describe('hostile clients', () => {
  const folder = new RoostFolder();
  let relay: Relay;
  let databaseUrl: string;
  let roost: RoostProcess;
  let url: string;
  let authorization = 'Authorization: Bearer x';

  beforeAll(async () => {
    databaseUrl = await cloneTemplate();
    relay = await Relay.to(databaseUrl);
    await relay.cut();
    roost = folder.start({ ...PRODUCTION, DATABASE_URL: relay.url });
    await roost.until(() => /"port":\d+/.test(roost.output));
    url = `http://127.0.0.1:${/"port":(\d+)/.exec(roost.output)?.[1] ?? ''}`;
  });

  afterAll(async () => {
    await folder.remove();
    await relay.end();
    await dropDatabase(databaseUrl);
  });

  const descriptors = (): number => {
    const path = `/proc/${roost.pid}/fd`;
    return existsSync(path) ? readdirSync(path).length : 0;
  };

  /** Every kind of bytes in every manner */
  const attackAll = async (): Promise<void> => {
    const before = descriptors();
    for (const [title, bytes] of Object.entries(hostileBytes(authorization))) {
      const answers = await Promise.all(Object.values(MANNERS).map((manner) => attack(url, bytes, manner)));
      for (const answer of answers) expect([title, /HTTP\/1\.1 500/.exec(answer)]).toEqual([title, null]);
    }
    await eventually(() => descriptors() <= before + POOL);
    expect(roost.output.split('\n').filter((line) => FAULT.test(line))).toEqual([]);
    expect((await request(url, head('GET /health/live'))).status).toBe(200);
  };

  /** Asked by another address, whose limit is not used up. */
  const openConnections = async (): Promise<number> => {
    const { text } = await request(url, head('GET /metrics', 'X-Forwarded-For: 10.0.0.9'));
    return Number(/^http_connections (\d+)$/m.exec(text)?.[1]);
  };

  it('do no harm while Roost starts', async () => {
    await attackAll();
  });

  it('do no harm to a Roost that serves [T37] [V16.5.4]', async () => {
    await relay.restore();
    url = await roost.ready();
    const api = new Api(url);
    await api.post('/auth/register', ADA);
    const { access_token } = (await api.post('/auth/login', ADA)).body;
    authorization = `Authorization: Bearer ${String(access_token)}`;
    const before = await openConnections();
    await attackAll();
    await eventually(async () => (await openConnections()) <= before);
  });

  it('with half a head do not keep it from ending in good order', async () => {
    const client = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => undefined);
    await new Promise((resolve) => client.write('GET /health/live HTTP/1.1\r\nHo', resolve));
    roost.kill('SIGTERM');
    roost.kill('SIGINT');
    expect(await roost.exit()).toBe(0);
    client.destroy();
  });

  it('leave a Roost that starts the descriptors that it needs itself', async () => {
    await relay.cut();
    const limited = folder.start({ ...PRODUCTION, DATABASE_URL: relay.url }, 400);
    await limited.until(() => /"port":\d+/.test(limited.output));
    const port = Number(/"port":(\d+)/.exec(limited.output)?.[1]);
    const clients = Array.from({ length: 500 }, () => connect(port, '127.0.0.1').on('error', () => undefined));
    await eventually(() => clients.every(({ connecting }) => !connecting));
    await relay.restore();
    await limited.ready();
    for (const client of clients) client.destroy();
  });
});
