/** Two instances behind the shipped load balancer, at a steady rate, and what their clients see when each ends in turn. */
import { Server } from './cluster.mjs';
import { beforeRoosts } from './haproxy.mjs';
import { Ledger } from './ledger.mjs';
import { Roost } from './roost.mjs';
import { delay, seconds } from './time.mjs';
import { Traffic } from './traffic.mjs';

const RATE = 200;

/**
 * @param options.rounds each has the `main` that instances are started with, one after the other
 * @param options.first the one that they begin with
 */
export async function inTurn({ say }, { rounds, first }) {
  const server = await Server.create();
  const env = { DATABASE_URL: server.url };
  const roosts = [await Roost.start(env, { main: first }), await Roost.start(env, { main: first })];
  const { url } = await beforeRoosts(roosts);
  const ledger = await Ledger.open();
  const traffic = new Traffic(url, { ledger, rate: RATE });
  try {
    await delay(2_000);
    await traffic.start();
    const faults = [];
    for (const main of rounds)
      for (const roost of roosts) {
        await delay(2_000);
        const code = await roost.end('SIGTERM');
        if (code !== 0) faults.push(`ended with ${code}`);
        if (main !== undefined) roost.main = main;
        await roost.start();
        await delay(2_000);
        say(`${traffic.sent} sent, ${traffic.failed.length} failed`);
      }
    await traffic.stop();
    const { lost, doubled } = await ledger.compare((text) => server.ask(text));
    return {
      faults: [
        ...faults,
        lost.length > 0 && `lost: ${lost.length}`,
        doubled.length > 0 && `doubled: ${doubled.length}`,
        traffic.failed.length > 0 && `failed: ${[...new Set(traffic.failed)].slice(0, 5).join(', ')}`,
      ].filter(Boolean),
      lost: lost.length,
      doubled: doubled.length,
      notes: [
        `${traffic.sent} requests, ${traffic.failed.length} failed`,
        `longest answer ${seconds(traffic.longestMs)}`,
      ],
    };
  } finally {
    await traffic.close();
    await ledger.close();
  }
}
