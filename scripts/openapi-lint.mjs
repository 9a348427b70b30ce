/** `npm run openapi:lint` holds openapi.json against Redocly's recommended rules and Spectral's, with those of OWASP. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { createConfig, lint } from '@redocly/openapi-core';
import spectralCore from '@stoplight/spectral-core';
import owasp from '@stoplight/spectral-owasp-ruleset';
import rulesets from '@stoplight/spectral-rulesets';

import { EXCEPTIONS } from './openapi-exceptions.mjs';

const FILE = fileURLToPath(new URL('../openapi.json', import.meta.url));

async function byRedocly() {
  const config = await createConfig({ extends: ['recommended'] });
  const found = await lint({ ref: FILE, config });
  return found.map(({ ruleId, message, location: [place] }) => ({ rule: ruleId, message, at: pathOf(place.pointer) }));
}

async function bySpectral() {
  const spectral = new spectralCore.Spectral();
  spectral.setRuleset({ extends: [rulesets.oas, owasp.default ?? owasp] });
  const found = await spectral.run(JSON.parse(readFileSync(FILE, 'utf8')));
  return found.map(({ code, message, path }) => ({ rule: String(code), message, at: `/${path.join('/')}` }));
}

/** As Spectral writes paths: without the escapes of a JSON Pointer. */
function pathOf(pointer) {
  return pointer.replace(/^#/, '').replaceAll('~1', '/').replaceAll('~0', '~');
}

const used = new Set();

function isMeant({ rule, at }) {
  const exception = EXCEPTIONS.find(
    (each) => (each.rule instanceof RegExp ? each.rule.test(rule) : each.rule === rule) && new RegExp(each.at).test(at),
  );
  if (exception) used.add(exception);
  return exception !== undefined;
}

const findings = [...(await byRedocly()), ...(await bySpectral())];
const faults = findings.filter((finding) => !isMeant(finding));
for (const { rule, at, message } of faults) process.stderr.write(`${at}\n  ${rule}: ${message}\n`);
const unused = EXCEPTIONS.filter((exception) => !used.has(exception) && !exception.mayMatchNothing);
for (const { rule } of unused) process.stderr.write(`The exception for ${rule} matches nothing: remove it.\n`);
if (faults.length > 0 || unused.length > 0) process.exit(1);
process.stdout.write(
  `openapi.json: no faults; ${findings.length} intended findings, with reasons in scripts/openapi-exceptions.mjs\n`,
);
