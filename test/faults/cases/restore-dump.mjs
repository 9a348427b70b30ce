import { join } from 'node:path';

import { folder, run as command, account } from '../support/children.mjs';
import { binaries, Server } from '../support/cluster.mjs';
import { Ledger } from '../support/ledger.mjs';
import { Roost } from '../support/roost.mjs';
import { delay } from '../support/time.mjs';
import { verdictOf } from '../support/under-load.mjs';
import { Writers } from '../support/writers.mjs';

export const title = '`pg_dump` during the writes, restored into another server';

/** What was acknowledged before the dump began is there; who had logged out by then stays out; the rest works on. */
export async function run({ full, say }) {
  const server = await Server.create();
  const roost = await Roost.start({ DATABASE_URL: server.url });
  const ledger = await Ledger.open();
  const writers = new Writers(roost.url, ledger);
  const later = await Ledger.open();
  let people;
  try {
    await writers.start();
    await delay(full ? 30_000 : 5_000);
    const before = ledger.acknowledged;
    const loggedOut = [...writers.loggedOut];
    const file = join(folder('dump'), 'roost.dump');
    command(join(binaries, 'pg_dump'), ['-Fc', '-f', file, '-d', server.url], { as: account });
    await delay(2_000);
    await writers.stop();
    await roost.end('SIGTERM');
    say(`${before.length} writes acknowledged before the dump`);

    const restored = await Server.create();
    command(join(binaries, 'pg_restore'), ['--exit-on-error', '--no-owner', '-d', restored.url, file], { as: account });
    const next = await Roost.start({ DATABASE_URL: restored.url });
    const kept = await ledger.compare((text) => restored.ask(text));
    const lost = kept.lost.filter((entry) => before.includes(entry));
    people = new Writers(next.url, later);
    people.loggedOut = loggedOut;
    await people.start();
    await delay(3_000);
    await people.stop();
    const row = await verdictOf({
      writers: people,
      ledger: later,
      recoveries: [],
      ask: (text) => restored.ask(text),
      roosts: [next],
    });
    return {
      ...row,
      lost: row.lost + lost.length,
      faults: [...row.faults, lost.length > 0 && `${lost.length} writes from before the dump are not there`].filter(
        Boolean,
      ),
      notes: [
        `${before.length} writes and ${loggedOut.length} logouts were acknowledged before the dump`,
        ...row.notes,
      ],
    };
  } finally {
    for (const each of [writers, people]) await each?.close();
    for (const each of [ledger, later]) await each.close();
  }
}
