// @ts-check
/** The figures of `npm run bench` as a picture: how many times the floor's processor time Roost needs. */
import { OPERATIONS } from './operations.mjs';
import { FAINT, picture, TARGET, text } from './plot.mjs';

/** @typedef {import('./http-report.mjs').Row} Row */

const WIDTH = 920;
const BAR = { server: 12, postgres: 6, row: 24 };
const GAP = 16;
const TOP = 92;
const LEFT = 150;
const RIGHT = WIDTH - 60;
const COLOURS = { server: '#0d9488', postgres: '#4f46e5' };

/**
 * @param {{ rows: Row[] }} report
 * @returns {string} an SVG document
 */
export function plotHttp({ rows }) {
  const most = Math.ceil(Math.max(2, ...rows.map(({ times, postgres_times }) => Math.max(times, postgres_times))));
  const x = (/** @type {number} */ times) => LEFT + (times / most) * (RIGHT - LEFT);
  const operations = OPERATIONS.filter(({ name }) => rows.some(({ operation }) => operation === name));
  const marks = [];
  let y = TOP;
  for (const { name, times } of operations) {
    const own = rows.filter(({ operation }) => operation === name);
    marks.push(text([20, y + 14], name, 'start'));
    const bottom = y + own.length * BAR.row;
    for (const [index, row] of own.entries()) marks.push(...bars(row, { x, y: y + index * BAR.row }));
    if (times !== undefined) marks.push(targetLine(x(times), [y - 4, bottom]));
    y = bottom + GAP;
  }
  const ticks = Array.from({ length: most + 1 }, (_, times) => tick(x(times), { times, bottom: y }));
  const size = { width: WIDTH, height: y + 40, title: 'Processor time of a request, in times of the floor' };
  return picture(size, [legend(), ...ticks, ...marks]);
}

/**
 * @param {Row} row
 * @param {{ x: (times: number) => number, y: number }} place
 */
function bars({ connections, processes, times, postgres_times }, { x, y }) {
  const width = (/** @type {number} */ to) => (x(to) - LEFT).toFixed(1);
  const label = processes === 1 ? String(connections) : `${connections}, ${processes} processes`;
  return [
    text([LEFT - 8, y + 13], label, 'end'),
    `<rect x="${LEFT}" y="${y}" width="${width(times)}" height="${BAR.server}" fill="${COLOURS.server}"/>`,
    `<rect x="${LEFT}" y="${y + BAR.server}" width="${width(postgres_times)}" height="${BAR.postgres}" fill="${COLOURS.postgres}"/>`,
    text([x(times) + 6, y + 11], times.toFixed(2), 'start'),
  ];
}

/**
 * @param {number} x
 * @param {[from: number, to: number]} range
 */
function targetLine(x, [from, to]) {
  return `<path d="M${x.toFixed(1)} ${from}V${to}" stroke="${TARGET}" stroke-width="2" stroke-dasharray="6 4"/>`;
}

/**
 * @param {number} x
 * @param {{ times: number, bottom: number }} options
 */
function tick(x, { times, bottom }) {
  return `<path d="M${x.toFixed(1)} ${TOP - 8}V${bottom}" stroke="${FAINT}"/>${text([x, bottom + 18], String(times))}`;
}

function legend() {
  return [
    `<rect x="20" y="52" width="14" height="12" fill="${COLOURS.server}"/>${text([40, 62], 'server', 'start')}`,
    `<rect x="100" y="52" width="14" height="12" fill="${COLOURS.postgres}"/>${text([120, 62], 'PostgreSQL', 'start')}`,
    `${targetLine(220, [50, 66])}${text([230, 62], 'target of the server', 'start')}`,
    text([400, 62], 'rows: connections; shorter is better', 'start'),
  ].join('\n');
}
