import { Server } from '../support/cluster.mjs';
import { delay } from '../support/time.mjs';
import { underLoad } from '../support/under-load.mjs';

export const title = 'the synchronous standby frozen, so that no COMMIT ends, then thawed';

async function begin({ server }) {
  const standby = await Server.standbyOf(server, 'standby');
  await server.ask(`ALTER SYSTEM SET synchronous_standby_names = 'standby'`);
  await server.ask('SELECT pg_reload_conf()');
  return { standby };
}

export async function inflict({ standby, full }) {
  standby.freeze();
  await delay(full ? 30_000 : 8_000);
  standby.thaw();
}

export const run = (how) => underLoad(how, { strokes: [1, 5], begin, inflict });
