import pg from 'pg';

import { delay } from '../support/time.mjs';
import { underLoad } from '../support/under-load.mjs';

export const title = 'all connections of PostgreSQL taken by others, then given back';

export async function inflict({ server, full }) {
  const others = [];
  const take = async () => {
    const other = new pg.Client({ connectionString: server.url });
    other.on('error', () => undefined);
    await other.connect();
    others.push(other);
  };
  // Whenever Roost lets one go, they have it.
  for (const end = Date.now() + (full ? 30_000 : 5_000); Date.now() < end;) await take().catch(() => delay(50));
  await Promise.all(others.map((other) => other.end()));
}

export const run = (how) =>
  underLoad(how, { strokes: [1, 5], create: { settings: 'max_connections = 30\n' }, inflict });
