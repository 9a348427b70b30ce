/** A fault that strikes again and again while people write, and what is left of their writes. */
import { Server } from './cluster.mjs';
import { Ledger } from './ledger.mjs';
import { Roost } from './roost.mjs';
import { delay, seconds, withinAMinute } from './time.mjs';
import { Relay } from './typescript.mjs';
import { Writers } from './writers.mjs';

const QUIET_MS = 1_500;

/**
 * @param options.strokes how often, in the short form and in the full one
 * @param options.inflict does it, and resolves when what it took away is back
 * @param options.create of the server
 * @param options.env of Roost
 * @param options.begin with what the world is made, after the server: `inflict` is given what it returns, too
 */
export async function underLoad({ full, say }, { strokes: [short, long], inflict, create = {}, env = {}, begin }) {
  const server = await Server.create(create);
  const relay = await Relay.to(server.url);
  const ledger = await Ledger.open();
  let writers;
  try {
    const more = await begin?.({ server });
    const roost = await Roost.start({ DATABASE_URL: relay.url, ...env });
    writers = new Writers(roost.url, ledger);
    await writers.start();
    const recoveries = [];
    for (let stroke = 1; stroke <= (full ? long : short); stroke += 1) {
      await delay(QUIET_MS);
      await inflict({ server, relay, roost, writers, stroke, full, ...more });
      const backAt = performance.now();
      recoveries.push((await withinAMinute(writers.nextOk())) - backAt);
      say(`stroke ${stroke}: first 2xx after ${seconds(recoveries.at(-1))}`);
    }
    await delay(QUIET_MS);
    await writers.stop();
    return await verdictOf({ writers, ledger, recoveries, ask: (text) => server.ask(text), roosts: [roost] });
  } finally {
    await writers?.close();
    await ledger.close();
    await relay.end();
  }
}

/** @returns a row of the table */
export async function verdictOf({ writers, ledger, recoveries, ask, roosts }) {
  const first = await ledger.compare(ask);
  await delay(QUIET_MS);
  const { lost, doubled, unknown, happened, halves } = await ledger.compare(ask);
  const late = happened.length - first.happened.length;
  const accepted = await writers.accepted();
  const { answers } = writers;
  const ended = roosts.filter((roost) => !roost.isAlive).length;
  return {
    lost: lost.length,
    doubled: doubled.length,
    recoveries,
    faults: [
      lost.length > 0 && `lost: ${namesOf(lost)}`,
      doubled.length > 0 && `doubled: ${namesOf(doubled)}`,
      late > 0 && `${late} writes happened after their request had ended`,
      halves.length > 0 && `half done: ${halves.join(', ')}`,
      accepted > 0 && `${accepted} tokens work after their logout`,
      ended > 0 && `${ended} processes of Roost ended`,
      answers.wrong.length > 0 && `wrong answers: ${countsOf(answers.wrong)}`,
    ].filter(Boolean),
    notes: [
      `${ledger.acknowledged.length} writes acknowledged`,
      `${answers.refused} answers 503 (${answers.reads} of reads)`,
      answers.none > 0 && `${answers.none} without an answer`,
      `${unknown.length} outcomes unknown, ${happened.length} had happened`,
      `${writers.loggedOut.length} logouts hold`,
      `longest answer ${seconds(writers.longest.ms)} (${writers.longest.what})`,
      !writers.hasKeys && 'without Idempotency-Key',
    ].filter(Boolean),
  };
}

function namesOf(entries) {
  return entries
    .slice(0, 3)
    .map(({ kind, name }) => `${kind} ${name.slice(0, 40)}`)
    .join(', ');
}

function countsOf(texts) {
  const counts = new Map();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].map(([text, times]) => `${times} × ${text}`).join(', ');
}
