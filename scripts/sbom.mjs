/**
 * `npm run --silent sbom`: the bill of materials of what production runs, in CycloneDX, from package-lock.json. `npm sbom --omit dev`
 * leaves out packages that a development dependency needs, too. `--omit-optional`: without the embedded PostgreSQL, as in the image.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({ options: { 'omit-optional': { type: 'boolean', default: false } } });
const ROOT = join(import.meta.dirname, '..');
const { name, version, packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));

const components = Object.entries(packages)
  .filter(([path, { dev, link }]) => path.startsWith('node_modules/') && !dev && !link)
  .filter(([, { optional, devOptional }]) => !(options['omit-optional'] && (optional || devOptional)))
  .map(([path, { version, license, integrity }]) => componentOf({ name: nameOf(path), version, license, integrity }));

process.stdout.write(
  `${JSON.stringify(
    {
      bomFormat: 'CycloneDX',
      specVersion: '1.6',
      version: 1,
      metadata: { component: { type: 'application', name, version } },
      components,
    },
    undefined,
    2,
  )}\n`,
);

function componentOf({ name, version, license, integrity }) {
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  const [, algorithm, digest] = /^(sha\d+)-(.+)$/.exec(integrity);
  return {
    type: 'library',
    'bom-ref': purl,
    name,
    version,
    purl,
    hashes: [{ alg: algorithm.replace('sha', 'SHA-'), content: Buffer.from(digest, 'base64').toString('hex') }],
    ...(license !== undefined && { licenses: [{ expression: license }] }),
  };
}

/** Of `node_modules/a/node_modules/@b/c`: `@b/c`. */
function nameOf(path) {
  return path.split('node_modules/').at(-1);
}
