// @ts-check
/** What the pictures of the results have in common. */

export const FAINT = '#e5e7eb';
export const TARGET = '#dc2626';

/**
 * @param {{ width: number, height: number, title: string }} size
 * @param {string[]} parts
 * @returns {string} an SVG document
 */
export function picture({ width, height, title }, parts) {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="13" fill="#1f2937">
<rect width="${width}" height="${height}" rx="8" fill="#fff"/>
<text x="20" y="30" font-size="17" font-weight="600">${title}</text>
${parts.join('\n')}
</svg>
`;
}

/**
 * @param {readonly [x: number, y: number]} at
 * @param {string} words
 */
export function text([x, y], words, anchor = 'middle') {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${words}</text>`;
}
