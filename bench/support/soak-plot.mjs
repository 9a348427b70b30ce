// @ts-check
/** The figures of `npm run bench:soak` as a picture: megabytes over requests. */
import { FAINT, picture, TARGET, text } from './plot.mjs';
import { TARGET_MB } from './soak-report.mjs';

/** @typedef {import('./soak-report.mjs').Sample} Sample */

const WIDTH = 920;
const HEIGHT = 420;
const PLOT = { left: 60, right: WIDTH - 30, top: 84, bottom: HEIGHT - 56 };
const STEP_MB = 50;
/** @type {{ key: 'rss_mb' | 'heap_mb' | 'heap_used_mb', label: string, colour: string }[]} */
const LINES = [
  { key: 'rss_mb', label: 'resident', colour: '#0d9488' },
  { key: 'heap_mb', label: 'heap', colour: '#4f46e5' },
  { key: 'heap_used_mb', label: 'heap in use', colour: '#9ca3af' },
];

/**
 * @param {{ samples: Sample[], most_mb: number }} report
 * @returns {string} an SVG document
 */
export function plotSoak({ samples, most_mb }) {
  const requests = Math.max(1, samples.at(-1)?.requests ?? 0);
  const steps = Math.ceil((Math.max(most_mb, TARGET_MB) + 1) / STEP_MB);
  const x = (/** @type {number} */ count) => PLOT.left + (count / requests) * (PLOT.right - PLOT.left);
  const y = (/** @type {number} */ mb) => PLOT.bottom - (mb / (steps * STEP_MB)) * (PLOT.bottom - PLOT.top);
  const levels = Array.from({ length: steps + 1 }, (_, step) => step * STEP_MB);
  const shares = [0, 0.25, 0.5, 0.75, 1];
  return picture({ width: WIDTH, height: HEIGHT, title: 'Memory of one instance under load, in megabytes' }, [
    ...LINES.map(({ label, colour }, index) => legend(26 + index * 120, { label, colour })),
    ...levels.map((mb) => level(y(mb), { label: String(mb), colour: FAINT })),
    level(y(TARGET_MB), { label: '', colour: TARGET }),
    ...shares.map((share) => text([x(share * requests), PLOT.bottom + 22], thousands(share * requests))),
    text([(PLOT.left + PLOT.right) / 2, HEIGHT - 12], 'requests, in thousands'),
    ...LINES.map(({ key, colour }) => {
      const points = samples.map((sample) => `${x(sample.requests).toFixed(1)},${y(sample[key]).toFixed(1)}`);
      return `<polyline points="${points.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>`;
    }),
  ]);
}

/** @param {number} count */
function thousands(count) {
  return Math.round(count / 1_000).toLocaleString('en');
}

/**
 * @param {number} y
 * @param {{ label: string, colour: string }} look
 */
function level(y, { label, colour }) {
  const dashes = colour === TARGET ? ' stroke-dasharray="6 4"' : '';
  const line = `<path d="M${PLOT.left} ${y.toFixed(1)}H${PLOT.right}" stroke="${colour}"${dashes}/>`;
  return label === '' ? line : line + text([PLOT.left - 8, y + 4], label, 'end');
}

/**
 * @param {number} x
 * @param {{ label: string, colour: string }} look
 */
function legend(x, { label, colour }) {
  return `<rect x="${x}" y="52" width="14" height="12" fill="${colour}"/>${text([x + 20, 62], label, 'start')}`;
}
