// @ts-check
/** `npm run bench:starts`: from the start of Roost to its first answer, and its memory at rest. Options: --rounds 3 --save. */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import { readOptions } from '../scripts/options.mjs';
import { childrenOf, requireLinux, residentMegabytes } from './support/processes.mjs';
import { machine, median, progress, requireClean, round, run, save } from './support/report.mjs';
import { makeFolder, startDatabase, startRoost } from './support/roost.mjs';

const IDLE_MS = 5_000;

const options = readOptions({ rounds: { type: 'string', default: '3' }, save: { type: 'boolean', default: false } });
const rounds = Number(options.rounds);

await run(main);

/** @param {(() => unknown)[]} endings */
async function main(endings) {
  requireLinux();
  requireClean(options.save);
  const folder = makeFolder(endings);
  progress('starting an embedded PostgreSQL');
  const database = await startDatabase(folder, endings);
  const secret = randomBytes(48).toString('base64');
  /** @param {{ database: string, name: string }} place */
  const start = (place) => startRoost({ ...place, secret, folder, endings });

  progress(`starting Roost ${rounds} times with a database that exists`);
  const existing = [];
  const rest = [];
  for (let index = 0; index < rounds; index += 1) {
    const server = await start({ database, name: 'roost' });
    existing.push(server.readyMs);
    await delay(IDLE_MS);
    rest.push(residentMegabytes(server.pid));
    await server.stop();
  }
  progress('starting Roost with a PostgreSQL of its own, for the very first time');
  const first = await start({ database: 'embedded', name: 'first' });
  await delay(IDLE_MS);
  const [supervisor] = childrenOf(first.pid);
  const report = {
    existing_ms: round(median(existing)),
    first_embedded_ms: round(first.readyMs),
    rest_mb: round(median(rest)),
    embedded_rest_mb: round(residentMegabytes(first.pid)),
    supervisor_rest_mb: supervisor === undefined ? null : round(residentMegabytes(supervisor)),
    machine: machine(),
  };
  await first.stop();
  process.stdout.write(markdown(report));
  if (options.save) save('starts', report, { md: markdown(report) });
}

/** @param {{ existing_ms: number, first_embedded_ms: number, rest_mb: number, embedded_rest_mb: number, supervisor_rest_mb: number | null, machine: ReturnType<typeof machine> }} report */
function markdown({ machine: { cpu, cores, node, date }, ...report }) {
  return `# Starts

|  | ready after | memory at rest |
| --- | --: | --: |
| with a database that exists, median of ${rounds} | ${report.existing_ms} ms | ${report.rest_mb} MB |
| the very first time, with a PostgreSQL of its own | ${report.first_embedded_ms} ms | ${report.embedded_rest_mb} MB, its supervisor ${report.supervisor_rest_mb} MB |

PostgreSQL's own memory is not counted. ${cpu}, ${cores} cores, Node ${node}, ${date}.
`;
}
