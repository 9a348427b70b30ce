// @ts-check
/** From the samples of `npm run bench:soak` to a table with its targets. */
import { median, round } from './report.mjs';

/** @typedef {{ requests: number, minutes: number, rate: number, p99: number, server: number, rss_mb: number, heap_used_mb: number, heap_mb: number, external_mb: number, files: number, handles: number }} Sample `requests`: so far; `rate`: a second; `p99` in ms; `server`: processor time of a request in µs */
/** @typedef {{ text: string, met: boolean }} Target */
/** @typedef {ReturnType<typeof summaryOf> & { rest_mb: number | undefined, machine: { cpu: string, cores: number, node: string, commit: string, date: string } }} Report */

export const TARGET_MB = 200;
const GROWTH = 1.05;
const ROWS = 16;
const MOST_SAVED = 160;

/** @param {Sample[]} samples the first one at ready */
export function summaryOf(samples) {
  const loaded = samples.slice(1);
  const quarter = Math.floor(loaded.length / 4);
  const mediumOf = (/** @type {Sample[]} */ part) => median(part.map(({ rss_mb }) => rss_mb));
  const growth = quarter === 0 ? NaN : mediumOf(loaded.slice(-quarter)) / mediumOf(loaded.slice(quarter, 2 * quarter));
  const last = /** @type {Sample} */ (samples.at(-1));
  /** @type {Target[]} */
  const targets = [
    { text: `after the requests at most ${TARGET_MB} MB`, met: last.rss_mb <= TARGET_MB },
    { text: `the last quarter at most ${GROWTH} times the second`, met: growth <= GROWTH },
  ];
  return {
    ready_mb: /** @type {Sample} */ (samples[0]).rss_mb,
    after_mb: last.rss_mb,
    most_mb: Math.max(...samples.map(({ rss_mb }) => rss_mb)),
    growth: round(growth, 3),
    targets,
    samples: some(samples, MOST_SAVED),
  };
}

/**
 * @template T
 * @param {T[]} all
 * @param {number} most
 * @returns {T[]} with the first and the last
 */
function some(all, most) {
  const step = Math.ceil((all.length - 1) / (most - 1)) || 1;
  return all.filter((_, index) => (all.length - 1 - index) % step === 0 || index === 0);
}

/** @param {Report} report */
export function describeSoak({ samples, targets, growth, machine: { cpu, cores, node, commit, date }, ...report }) {
  const lines = some(samples, ROWS).map(
    ({ requests, minutes, rate, p99, server, ...memory }) =>
      `| ${requests.toLocaleString('en')} | ${minutes} | ${rate} | ${p99} | ${server} | **${memory.rss_mb}** | ${memory.heap_used_mb} | ${memory.heap_mb} | ${memory.external_mb} | ${memory.files} | ${memory.handles} |`,
  );
  const rest = report.rest_mb === undefined ? 'interrupted' : `${report.rest_mb} MB after half a minute of rest`;
  return `# Soak

The memory of one instance, without PostgreSQL, under a mix of all operations of \`npm run bench\`: ${report.ready_mb} MB at ready,
${report.after_mb} MB after the requests (at most ${report.most_mb} MB), ${rest}.
The last quarter's median is ${Number.isNaN(growth) ? 'not known' : `${growth} times the second's`}. ${targets.map(({ text, met }) => `Target: ${text}: ${met ? 'met' : '**missed**'}.`).join(' ')}

| requests | minutes | a second | p99 ms | server µs | resident MB | heap used | heap | external | open files | handles |
| --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |
${lines.join('\n')}

Commit ${commit}. ${cpu}, ${cores} cores, Node ${node}, ${date}.
`;
}
