import pg from 'pg';

import { endWithUs } from '../support/children.mjs';
import { Client } from '../support/client.mjs';
import { Server } from '../support/cluster.mjs';
import { Ledger } from '../support/ledger.mjs';
import { Roost } from '../support/roost.mjs';
import { delay, until } from '../support/time.mjs';
import { HAS_PGBOUNCER, PgBouncer } from '../support/typescript.mjs';
import { Writers } from '../support/writers.mjs';

export const title = 'behind PgBouncer (transactions), tables locked by another session until the answers are out';

const WRITES = 12;

/** Nothing that was answered 503 may be executed when the lock is gone. */
export async function run({ full, say }) {
  if (!HAS_PGBOUNCER) return { skipped: 'PgBouncer is not installed' };
  const server = await Server.create();
  // As docs/operations.md asks for it behind a pooler.
  await server.ask(`ALTER ROLE roost SET statement_timeout = '4s'`);
  await server.ask(`ALTER ROLE roost SET client_connection_check_interval = '1s'`);
  const pooler = await PgBouncer.before(server.url);
  endWithUs(() => [pooler.child.pid]);
  const roost = await Roost.start({ DATABASE_URL: pooler.url, DATABASE_DIRECT_URL: server.url });
  const ledger = await Ledger.open();
  const writers = new Writers(roost.url, ledger);
  const client = new Client(roost.url);
  try {
    const { token } = await writers.join();
    const answers = [];
    for (let round = 1; round <= (full ? 10 : 2); round += 1) {
      const holder = new pg.Client({ connectionString: server.url });
      // The server may end before it does.
      holder.on('error', () => undefined);
      await holder.connect();
      await holder.query('BEGIN; LOCK TABLE tasks, posts IN SHARE ROW EXCLUSIVE MODE');
      const write = async (number) => {
        const kind = number % 2 === 0 ? 'task' : 'post';
        const entry = ledger.begin(kind, `held-${round}-${number}`);
        const [path, field] = kind === 'task' ? ['/tasks', 'title'] : ['/posts', 'text'];
        const answer = await client.send('POST', `/api/v1${path}`, { token, body: { [field]: entry.name } });
        answers.push(answer.status);
        if (answer.status === 201) await ledger.acknowledge(entry);
      };
      await Promise.all(Array.from({ length: WRITES }, (_, number) => write(number)));
      await holder.end();
      say(`round ${round}: ${answers.slice(-WRITES).join(' ')}`);
    }
    const startedAt = performance.now();
    await until(async () => (await client.send('GET', '/api/v1/tasks', { token })).status === 200);
    const recovery = performance.now() - startedAt;
    await delay(3_000);
    const { lost, doubled, happened } = await ledger.compare((text) => server.ask(text));
    return {
      lost: lost.length,
      doubled: doubled.length,
      recoveries: [recovery],
      faults: [
        happened.length > 0 && `${happened.length} writes happened after their answer 503`,
        answers.some((status) => status !== 503 && status !== 201) && `wrong answers: ${answers.join(' ')}`,
      ].filter(Boolean),
      notes: [`${answers.filter((status) => status === 503).length} of ${answers.length} writes were 503`],
    };
  } finally {
    client.close();
    await writers.close();
    await ledger.close();
  }
}
