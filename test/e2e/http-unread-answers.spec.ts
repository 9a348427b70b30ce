/** Answers that clients ask for and do not read, of all connections together. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

import { CONNECTION_BOUNDS } from '../../src/http/connections/connection.js';
import { TestApp } from '../support/app.js';
import { eventually } from '../support/process.js';

/** A copy for each client, and one that all answers share. */
const [OWN, SHARED] = ['/docs/swagger-ui-init.js', '/openapi.json'];
/** So many that no system takes all of them. */
const REQUESTS = 40;
/** A machine that is busy refuses what waited for too long. That is an answer, too. */
const ANSWER = /HTTP\/1\.1 (?:200|503) /g;

interface Ends {
  readonly client: Socket;
  readonly server: Socket;
}

describe('answers that are not read', () => {
  let app: TestApp;
  let opened: Ends[] = [];

  beforeAll(async () => {
    app = await TestApp.start();
    const { length } = (await app.api.get(OWN)).text;
    // Three answers are too many, four less than twice the bound. Nothing else ends a connection here.
    const bounds = { stalledMs: 86_400_000, heldBytes: 2.2 * length, weighMs: 20, stillLooks: 100 };
    for (const [name, value] of Object.entries(bounds))
      jest.replaceProperty(CONNECTION_BOUNDS, name as keyof typeof bounds, value);
  });

  afterEach(async () => {
    for (const { client } of opened) client.destroy();
    await eventually(() => opened.every(({ server }) => server.closed));
    opened = [];
    app.log.length = 0;
  });

  afterAll(() => app.stop());

  const asking = async (path: string): Promise<Ends> => {
    const accepted = once(app.nestApp.getHttpServer(), 'connection');
    const client = connect(Number(new URL(app.url).port), '127.0.0.1').on('error', () => undefined);
    const [server] = (await accepted) as [Socket];
    opened.push({ client, server });
    const [begun, last] = [`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n`, 'Connection: close\r\n\r\n'];
    client.pause().write(`${`${begun}\r\n`.repeat(REQUESTS - 1)}${begun}${last}`);
    return { client, server };
  };

  const unread = async (path: string, clients: number): Promise<Ends[]> => {
    const ends: Ends[] = [];
    while (ends.length < clients) ends.push(await asking(path));
    return ends;
  };

  const heldBy = (ends: readonly Ends[]): number =>
    ends.reduce((sum, { server }) => sum + (server.destroyed ? 0 : server.writableLength), 0);

  const areStuck = async (ends: readonly Ends[]): Promise<void> => {
    let before: string | undefined;
    await eventually(() => {
      const now = ends.map(({ server }) => `${server.destroyed} ${server.bytesWritten}`).join();
      const isSame = now === before && ends.every(({ server }) => server.destroyed || server.writableLength > 0);
      before = now;
      return isSame;
    });
  };

  const closed = (ends: readonly Ends[]): number => ends.filter(({ server }) => server.destroyed).length;

  const counted = async (): Promise<number> =>
    Number(/_closed_total\{reason="not_read"\} (\d+)/.exec((await app.api.get('/metrics')).text)?.[1] ?? 0);

  /** With a pause after each piece, for as long as `isSlow` says. */
  const readAll = async ({ client }: Ends, isSlow: () => boolean): Promise<string> => {
    const chunks: Buffer[] = [];
    client
      .on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        if (!isSlow()) return;
        client.pause();
        setTimeout(() => client.resume(), 10);
      })
      .resume();
    await once(client, 'close');
    return Buffer.concat(chunks).toString();
  };

  it('are held up to a bound, beyond which their connections are closed [T45]', async () => {
    const before = await counted();
    const ends = await unread(OWN, 12);
    await areStuck(ends);
    await eventually(() => heldBy(ends) <= CONNECTION_BOUNDS.heldBytes);
    expect(closed(ends)).toBeGreaterThan(0);
    // No more than must be.
    const [open] = ends.filter(({ server }) => !server.destroyed);
    expect(heldBy(ends)).toBeGreaterThan(CONNECTION_BOUNDS.heldBytes - 2 * (open?.server.writableLength ?? 0));
    expect(app.log.join('')).toContain('"reason":"not_read"');
    expect((await counted()) - before).toBe(closed(ends));
  });

  it('do not end the connection of a client that reads slowly, for those that only just came', async () => {
    const slow = await asking(OWN);
    const others: Ends[] = [];
    const whole = readAll(slow, () => closed(others) === 0);
    await eventually(() => slow.client.bytesRead > 2_000_000 && slow.server.writableLength > 0);
    others.push(...(await unread(OWN, 3)));
    expect(heldBy([slow, ...others])).toBeLessThan(2 * CONNECTION_BOUNDS.heldBytes);
    await eventually(() => closed(others) > 0);
    expect((await whole).match(ANSWER)).toHaveLength(REQUESTS);
    expect((await app.api.get('/health/ready')).status).toBe(200);
  });

  it('may be twice as much until it is clear who reads', async () => {
    const unclear = jest.replaceProperty(CONNECTION_BOUNDS, 'stillLooks', Infinity);
    const ends = await unread(OWN, 4);
    await areStuck(ends);
    expect(heldBy(ends)).toBeGreaterThan(CONNECTION_BOUNDS.heldBytes);
    // Each request leads to another look.
    for (let request = 0; request < 50; request += 1) await counted();
    expect(closed(ends)).toBe(0);
    unclear.restore();
    await eventually(() => heldBy(ends) <= CONNECTION_BOUNDS.heldBytes);
    expect(closed(ends)).toBeGreaterThan(0);
  });

  it('cost nothing where all share one body', async () => {
    const sharing = await unread(SHARED, 5);
    await areStuck(sharing);
    expect(heldBy(sharing)).toBeGreaterThan(CONNECTION_BOUNDS.heldBytes);
    const others = await unread(OWN, 12);
    await eventually(() => closed(others) > 0);
    expect(closed(sharing)).toBe(0);
    const [one] = sharing;
    expect(one && (await readAll(one, () => false)).match(ANSWER)).toHaveLength(REQUESTS);
  });
});
