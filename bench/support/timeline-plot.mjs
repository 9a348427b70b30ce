// @ts-check
/** The figures of `bench:timeline` as a picture: milliseconds on a logarithmic axis, by whom a viewer follows. */

import { FAINT, picture, TARGET, text } from './plot.mjs';

/** @typedef {{ p50: number, p99: number }} Spread */
/** @typedef {{ posts: number, rows: { first: { database: Spread }, fiftieth?: { database: Spread } | undefined, naive: number }[] }} Report */

const WIDTH = 920;
const HEIGHT = 500;
const PLOT = { left: 70, right: WIDTH - 20, top: 92, bottom: HEIGHT - 66 };
const RANGE = { from: 0.1, to: 10_000 };
const TARGET_MS = 2;
/** From few posts to many. */
const COLOURS = ['#0d9488', '#4f46e5', '#be185d'];
const NAIVE = '#9ca3af';

/**
 * @param {Report[]} reports from few posts to many
 * @param {{ label: string }[]} groups
 * @returns {string} an SVG document
 */
export function plotTimeline(reports, groups) {
  const step = (PLOT.right - PLOT.left) / groups.length;
  const centre = (/** @type {number} */ index) => PLOT.left + step * (index + 0.5);
  const marks = groups.flatMap((_, group) =>
    reports.flatMap(({ rows }, size) => {
      const row = rows[group];
      if (!row) return [];
      const x = centre(group) + (size - (reports.length - 1) / 2) * Math.min(50, step / (reports.length + 1));
      return [
        dot(x - 9, heightOf(row.naive), { colour: NAIVE, ring: true }),
        range(x, row.first.database, { colour: colourOf(size) }),
        row.fiftieth ? range(x + 9, row.fiftieth.database, { colour: colourOf(size), ring: true }) : '',
      ];
    }),
  );
  return picture({ width: WIDTH, height: HEIGHT, title: 'A page of the home timeline, in the database' }, [
    legend(reports),
    axis(),
    ...groups.map(({ label }, index) => text([centre(index), PLOT.bottom + 22], label)),
    text(
      [(PLOT.left + PLOT.right) / 2, HEIGHT - 16],
      'people whom the viewer follows; popular and active ones more often, unless it says otherwise',
    ),
    ...marks.filter(Boolean),
  ]);
}

/** @param {number} size */
function colourOf(size) {
  return String(COLOURS[size % COLOURS.length]);
}

/** @param {number} ms */
function heightOf(ms) {
  const share = Math.log(ms / RANGE.from) / Math.log(RANGE.to / RANGE.from);
  return PLOT.bottom - Math.min(Math.max(share, 0), 1) * (PLOT.bottom - PLOT.top);
}

/**
 * A mark at the median, and a line to the 99th percentile.
 * @param {number} x
 * @param {Spread} spread
 * @param {{ colour: string, ring?: boolean }} look
 */
function range(x, { p50, p99 }, { colour, ring = false }) {
  const at = x.toFixed(1);
  const line = `<path d="M${at} ${heightOf(p50).toFixed(1)}V${heightOf(p99).toFixed(1)}m-3 0h6" stroke="${colour}" stroke-width="2" fill="none"/>`;
  return line + dot(Number(at), heightOf(p50), { colour, ring });
}

/**
 * @param {number} x
 * @param {number} y
 * @param {{ colour: string, ring: boolean }} look
 */
function dot(x, y, { colour, ring }) {
  return `<circle cx="${x}" cy="${y.toFixed(1)}" r="4" fill="${ring ? '#fff' : colour}" stroke="${colour}" stroke-width="2"/>`;
}

function axis() {
  const ticks = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000];
  const lines = ticks.map((ms) => {
    const y = heightOf(ms).toFixed(1);
    const whole = Number.isInteger(Math.log10(ms));
    return `<path d="M${PLOT.left} ${y}H${PLOT.right}" stroke="${FAINT}" stroke-width="${whole ? 1.5 : 0.75}"/>${text([PLOT.left - 8, Number(y) + 4], ms.toLocaleString('en'), 'end')}`;
  });
  const target = heightOf(TARGET_MS).toFixed(1);
  lines.push(
    `<path d="M${PLOT.left} ${target}H${PLOT.right}" stroke="${TARGET}" stroke-dasharray="6 4"/>`,
    `<text x="${PLOT.right}" y="${Number(target) - 6}" text-anchor="end" fill="${TARGET}" font-size="12">target at 10, 200 and 2,000: p99 at most ${TARGET_MS} ms</text>`,
    `<text transform="translate(20 ${(PLOT.top + PLOT.bottom) / 2}) rotate(-90)" text-anchor="middle">milliseconds: p50, and a line to p99</text>`,
  );
  return lines.join('\n');
}

/** @param {Report[]} reports */
function legend(reports) {
  const entries = reports.flatMap(({ posts }, size) => [
    { what: `page 1, ${posts.toLocaleString('en')} posts`, look: { colour: colourOf(size), ring: false } },
    { what: 'page 50', look: { colour: colourOf(size), ring: true } },
  ]);
  entries.push({ what: 'page 1 by the naive query', look: { colour: NAIVE, ring: true } });
  let x = 26;
  return entries
    .map(({ what, look }) => {
      const entry = dot(x, 58, look) + text([x + 10, 62], what, 'start');
      x += 34 + what.length * 6.9;
      return entry;
    })
    .join('\n');
}
