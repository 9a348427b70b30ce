// @ts-check
/** From the rounds of `npm run bench` to a table with its targets. */
import { OPERATIONS } from './operations.mjs';
import { median, round } from './report.mjs';

/** @typedef {{ server: number, postgres: number, rate: number, p50: number, p99: number }} Cost processor time in µs a request, requests a second, latencies in ms */
/** @typedef {{ operation: string, processes: number, connections: number, floor: Cost, roost: Cost, bcrypt?: number }} Sample one round; `bcrypt`: what it reaches alone, a second */
/** @typedef {Sample & { times: number, times_min: number, times_max: number, postgres_times: number, p99_times: number, targets: Target[] }} Row */
/** @typedef {{ text: string, met: boolean }} Target */
/** @typedef {ReturnType<typeof summaryOf> & { rounds: number, seconds: number, cost: number, machine: { cpu: string, cores: number, node: string, postgres: string, commit: string, date: string } }} Report */

const P99 = { connections: 16, times: 2 };
const LOGINS = { share: 0.95, postgresMs: 2 };

/** @param {Sample[]} samples */
export function summaryOf(samples) {
  /** @type {Map<string, Sample[]>} */
  const kinds = new Map();
  for (const sample of samples) {
    const kind = `${sample.operation} ${sample.processes} ${sample.connections}`;
    kinds.set(kind, [...(kinds.get(kind) ?? []), sample]);
  }
  const rows = [...kinds.values()].map(rowOf);
  const logins = [...kinds.values()].filter(([sample]) => sample?.operation === 'login').map(loginsOf);
  const targets = [...rows.flatMap((row) => row.targets), ...logins.flatMap((each) => each.targets)];
  return { missed: targets.filter(({ met }) => !met).length, rows, logins };
}

/**
 * @param {Sample[]} samples
 * @returns {Row}
 */
function rowOf(samples) {
  const [{ operation, processes, connections }] = /** @type {[Sample]} */ (samples);
  const timesOf = (/** @type {keyof Cost} */ what) => samples.map(({ floor, roost }) => roost[what] / floor[what]);
  const times = timesOf('server');
  const row = {
    ...{ operation, processes, connections },
    floor: mediansOf(samples.map(({ floor }) => floor)),
    roost: mediansOf(samples.map(({ roost }) => roost)),
    times: round(median(times), 2),
    times_min: round(Math.min(...times), 2),
    times_max: round(Math.max(...times), 2),
    postgres_times: round(median(timesOf('postgres')), 2),
    p99_times: round(median(timesOf('p99')), 2),
  };
  return { ...row, targets: targetsOf(row) };
}

/**
 * @param {Cost[]} costs
 * @returns {Cost}
 */
function mediansOf(costs) {
  const of = (/** @type {keyof Cost} */ what, digits = 0) => round(median(costs.map((cost) => cost[what])), digits);
  return { server: of('server'), postgres: of('postgres'), rate: of('rate', 1), p50: of('p50', 2), p99: of('p99', 2) };
}

/**
 * @param {Omit<Row, 'targets'>} row
 * @returns {Target[]}
 */
function targetsOf({ operation, connections, times, postgres_times, p99_times }) {
  const { times: most, postgresTimes } = OPERATIONS.find(({ name }) => name === operation) ?? {};
  /** @type {Target[]} */
  const targets = [];
  const atMost = (/** @type {string} */ what, /** @type {number} */ found, /** @type {number | undefined} */ limit) => {
    if (limit !== undefined) targets.push({ text: `${what} ≤ ${limit}`, met: found <= limit });
  };
  atMost('server', times, most);
  atMost('PostgreSQL', postgres_times, postgresTimes);
  if (connections === P99.connections && operation !== 'login') atMost('p99', p99_times, P99.times);
  return targets;
}

/** @param {Sample[]} samples */
function loginsOf(samples) {
  const bare = samples.map(({ bcrypt }) => Number(bcrypt));
  const shares = samples.map(({ roost }, index) => roost.rate / Number(bare[index]));
  const share = round(median(shares), 3);
  const postgres_ms = round(median(samples.map(({ roost }) => roost.postgres)) / 1_000, 2);
  const targets = [
    { text: `≥ ${percent(LOGINS.share)} of bcrypt`, met: share >= LOGINS.share },
    { text: `PostgreSQL ≤ ${LOGINS.postgresMs} ms`, met: postgres_ms <= LOGINS.postgresMs },
  ];
  const rate = round(median(samples.map(({ roost }) => roost.rate)), 2);
  const processes = samples[0]?.processes;
  const [share_min, share_max] = [round(Math.min(...shares), 3), round(Math.max(...shares), 3)];
  return { processes, bare: round(median(bare), 2), rate, share, share_min, share_max, postgres_ms, targets };
}

/** @param {number} share */
function percent(share) {
  return `${round(share * 100, 1)} %`;
}

/** @param {Report} report */
export function describe({ rows, logins, missed, rounds, seconds, cost, machine }) {
  const { cpu, cores, node, postgres, commit, date } = machine;
  const lines = [
    '# Requests',
    '',
    `Commit ${commit}. ${cpu}, ${cores} cores, Node ${node}, PostgreSQL ${postgres}, ${date}; ${rounds} interleaved rounds of ${seconds} s.`,
    'Processor time of a request in µs, of the server and of PostgreSQL; latency p50 / p99 in ms. Medians of the rounds.',
    '',
    '| operation | processes | connections | floor | Roost | times | PostgreSQL: floor | Roost | times | latency: floor | Roost | p99 times | targets |',
    '| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --- |',
    ...rows.map(describeRow),
    '',
    ...logins.flatMap((each) => [describeLogins(each, cost), '']),
    missed === 0 ? 'All targets are met.' : `${missed} targets are missed.`,
  ];
  return `${lines.join('\n')}\n`;
}

/**
 * @param {ReturnType<typeof loginsOf>} logins
 * @param {number} cost
 */
function describeLogins({ processes, bare, rate, share, share_min, share_max, postgres_ms, targets }, cost) {
  const by = processes === 1 ? 'one process' : `${processes} processes`;
  const found = `**${percent(share)}** of bcrypt on all cores (${percent(share_min)} to ${percent(share_max)}; ${rate} of ${bare} a second), ${postgres_ms} ms of PostgreSQL each`;
  return `Logins at cost ${cost}, ${by}: ${found}: ${describeTargets(targets)}.`;
}

/** @param {Row} row */
function describeRow({ operation, processes, connections, floor, roost, targets, ...row }) {
  const { times, times_min, times_max, postgres_times, p99_times } = row;
  const latency = (/** @type {Cost} */ { p50, p99 }) => `${p50} / ${p99}`;
  const cells = [
    ...[operation, processes, connections, floor.server, roost.server],
    `**${times.toFixed(2)}** (${times_min.toFixed(2)}–${times_max.toFixed(2)})`,
    ...[floor.postgres, roost.postgres, postgres_times.toFixed(2)],
    ...[latency(floor), latency(roost), p99_times.toFixed(2), describeTargets(targets)],
  ];
  return `| ${cells.join(' | ')} |`;
}

/** @param {Target[]} targets */
function describeTargets(targets) {
  return targets.map(({ text, met }) => `${text} ${met ? 'met' : '**missed**'}`).join(', ');
}
