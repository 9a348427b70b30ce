/** Failovers of PostgreSQL by Patroni, while people write. */
import { account, has } from './children.mjs';
import { binaries } from './cluster.mjs';
import { Follower } from './follower.mjs';
import { Ledger } from './ledger.mjs';
import { Node, startEtcd } from './patroni.mjs';
import { Roost } from './roost.mjs';
import { delay, seconds, until, withinAMinute } from './time.mjs';
import { verdictOf } from './under-load.mjs';
import { Writers } from './writers.mjs';

/** From the moment when the new primary takes a write. */
const PROMISE_MS = 3_000;

/**
 * @param options.needs programs besides Patroni and etcd
 * @param options.urlBefore of the database, given the nodes
 */
export async function failover({ full, say }, { needs = [], urlBefore }) {
  const missing = ['patroni', 'etcd', ...needs].filter((program) => !has(program));
  if (missing.length > 0 || !binaries) return { skipped: `not installed: ${missing.join(', ') || 'PostgreSQL'}` };
  if (process.getuid?.() === 0 && !account.uid) return { skipped: 'there is no user postgres' };

  const etcd = await startEtcd();
  const nodes = [await Node.create('one', etcd)];
  await until(() => nodes[0].is('primary'), { what: 'the first node is the primary' });
  nodes.push(await Node.create('two', etcd));
  await whenBothServe(nodes);
  await nodes[0].server.ask('CREATE DATABASE roost', [], 'postgres');
  const roost = await Roost.start({ DATABASE_URL: await urlBefore(nodes) });
  say('two nodes and Roost are ready');

  const ledger = await Ledger.open();
  const writers = new Writers(roost.url, ledger);
  let follower;
  try {
    const reader = await writers.join();
    await writers.start();
    follower = new Follower(roost.url, { client: writers.client, token: reader.token });
    for (const { username } of writers.people)
      await writers.client.send('PUT', `/api/v1/users/${username}/follow`, { token: reader.token });
    follower.start();
    await delay(1_000);
    const followedAt = ledger.entries.length;

    const recoveries = [];
    for (let round = 1; round <= (full ? 10 : 2); round += 1) {
      await delay(2_000);
      const old = (await nodes[0].is('primary')) ? nodes[0] : nodes[1];
      const next = nodes.find((node) => node !== old);
      const killedAt = performance.now();
      await old.kill();
      await until(() => next.writes(), { every: 10, what: 'the standby takes over' });
      const takenOverAt = performance.now();
      const okAt = await withinAMinute(writers.nextOk(/^(?:POST|PUT|PATCH)/));
      recoveries.push(okAt - takenOverAt);
      say(
        `round ${round}: taken over after ${seconds(takenOverAt - killedAt)}, first 2xx of a write ${seconds(recoveries.at(-1))} later`,
      );
      old.start();
      await whenBothServe(nodes);
    }
    await delay(2_000);
    await writers.stop();
    const posts = ledger.entries.slice(followedAt).filter(({ kind, acknowledged }) => kind === 'post' && acknowledged);
    const missed = () => posts.filter(({ name }) => !follower.has(name));
    await until(() => missed().length === 0, { within: 10_000 }).catch(() => undefined);
    const primary = (await nodes[0].is('primary')) ? nodes[0] : nodes[1];
    const row = await verdictOf({
      writers,
      ledger,
      recoveries,
      ask: (text) => primary.server.ask(text),
      roosts: [roost],
    });
    const late = recoveries.filter((ms) => ms > PROMISE_MS).length;
    return {
      ...row,
      faults: [
        ...row.faults,
        missed().length > 0 && `the stream missed ${missed().length} of ${posts.length} posts`,
        follower.doubled > 0 && `the stream gave ${follower.doubled} posts twice`,
        late > 0 && `${late} recoveries took longer than 3 s`,
      ].filter(Boolean),
      notes: [
        ...row.notes,
        `stream: ${posts.length} posts, none missed or doubled, ${follower.connections} connections, ${follower.resets} resets`,
      ],
    };
  } finally {
    await Promise.all([writers.close(), follower?.stop()]);
    await ledger.close();
  }
}

function whenBothServe(nodes) {
  const isWhole = async () => {
    const [first, second] = await Promise.all(nodes.map((node) => node.is('primary')));
    return first !== second && (await nodes[first ? 1 : 0].is('sync'));
  };
  return until(isWhole, { within: 90_000, every: 200, what: 'a primary with its synchronous standby' });
}
