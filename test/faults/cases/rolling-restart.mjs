import { Server } from '../support/cluster.mjs';
import { beforeRoosts } from '../support/haproxy.mjs';
import { Ledger } from '../support/ledger.mjs';
import { Roost } from '../support/roost.mjs';
import { delay, seconds } from '../support/time.mjs';
import { Traffic } from '../support/traffic.mjs';
import { HAS_HAPROXY } from '../support/typescript.mjs';

export const title = 'SIGTERM to two instances behind HAProxy in turn, at 200 requests a second';

const RATE = 200;

export async function run({ full, say }) {
  if (!HAS_HAPROXY) return { skipped: 'HAProxy or openssl is not installed' };
  const server = await Server.create();
  const roosts = [await Roost.start({ DATABASE_URL: server.url }), await Roost.start({ DATABASE_URL: server.url })];
  const { url } = await beforeRoosts(roosts);
  const ledger = await Ledger.open();
  const traffic = new Traffic(url, { ledger, rate: RATE });
  await delay(2_000);
  await traffic.start();
  const faults = [];
  for (let round = 1; round <= (full ? 5 : 1); round += 1)
    for (const roost of roosts) {
      await delay(2_000);
      const code = await roost.end('SIGTERM');
      if (code !== 0) faults.push(`ended with ${code}`);
      await roost.start();
      say(`${traffic.sent} sent, ${traffic.failed.length} failed`);
      await delay(2_000);
    }
  await traffic.stop();
  await ledger.close();
  const { lost, doubled } = await ledger.compare((text) => server.ask(text));
  if (lost.length > 0) faults.push(`lost: ${lost.length}`);
  if (doubled.length > 0) faults.push(`doubled: ${doubled.length}`);
  if (traffic.failed.length > 0) faults.push(`failed: ${traffic.failed.slice(0, 5).join(', ')}`);
  return {
    faults,
    lost: lost.length,
    doubled: doubled.length,
    notes: [
      `${traffic.sent} requests, ${traffic.failed.length} failed`,
      `longest answer ${seconds(traffic.longestMs)}`,
    ],
  };
}
