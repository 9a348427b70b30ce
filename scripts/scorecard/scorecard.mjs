/** What shows each requirement: tests that name it, a document, or the reason why it is not met. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { taggedTests } from './tagged-tests.mjs';

const FOLDER = 'docs/security';

/**
 * @typedef {{ id: string, level?: number, source?: string, force?: string, chapter: string, requirement: string, check: string }} Requirement
 * @typedef {{ document?: string, note?: string, unmet?: string }} Evidence `document` is a file and a heading of it: `docs/a.md#Heading`
 * @typedef {Requirement & Evidence & { tests: import('./tagged-tests.mjs').TaggedTest[], isMet: boolean, why?: string }} Row
 */

/** @param {string} root @param {Results} [results] of a run of the tests; without them, tags alone count */
export function readScorecard(root, results) {
  const read = (name) => JSON.parse(readFileSync(join(root, FOLDER, name), 'utf8'));
  const { requirements } = read('requirements.json');
  const attacks = read('attacks.json');
  const evidence = read('evidence.json');
  const tests = taggedTests(root);
  const rows = requirements.map((requirement) => rowOf(requirement, { root, evidence, tests, results }));
  const attackRows = attacks.map((attack) => rowOf({ ...attack, check: 'BB' }, { root, evidence, tests, results }));
  return { rows, attacks: attackRows, faults: faultsOf({ rows, attackRows, evidence, tests }) };
}

function rowOf(requirement, { root, evidence, tests, results }) {
  const named = tests.filter(({ tags }) => tags.includes(requirement.id));
  const { document, note, unmet } = evidence[requirement.id] ?? {};
  const row = { ...requirement, ...evidence[requirement.id], tests: named, note };
  if (unmet !== undefined) return { ...row, isMet: false, why: unmet };
  const { test: needsTest, document: needsDocument, either } = needsOf(requirement.check);
  const wrong =
    named
      .map((test) =>
        test.runs ? results?.faultOf(test, requirement.id) : `${test.file}: “${test.title}” is not run by npm test`,
      )
      .find(Boolean) ?? (document === undefined ? undefined : documentFault(root, document));
  const missing =
    (needsTest && named.length === 0 && 'no test names it') ||
    (needsDocument && document === undefined && 'no document is named') ||
    (either && named.length === 0 && document === undefined && 'neither a test nor a document is named');
  const why = wrong ?? (missing || undefined);
  return { ...row, isMet: why === undefined, why };
}

/** A check `BB/DOC` asks for one of them, `DOC + BB` for both. */
function needsOf(check) {
  const hasTest = /\b(?:BB|WB)\b/.test(check);
  const hasDocument = /\bDOC\b/.test(check);
  const either = /\b(?:BB|WB)\/DOC\b|\bDOC\/(?:BB|WB)\b/.test(check);
  return { test: hasTest && !either, document: hasDocument && !either, either: either || (!hasTest && !hasDocument) };
}

function documentFault(root, document) {
  const [file = '', heading = ''] = document.split('#');
  if (!existsSync(join(root, file))) return `${file} does not exist`;
  const headings = readFileSync(join(root, file), 'utf8')
    .split('\n')
    .filter((line) => /^#{1,4} /.test(line));
  return headings.some((line) => line.replace(/^#+ /, '') === heading)
    ? undefined
    : `${file} has no heading “${heading}”`;
}

function faultsOf({ rows, attackRows, evidence, tests }) {
  const all = [...rows, ...attackRows];
  const ids = new Set(all.map(({ id }) => id));
  return [
    ...tests.flatMap(({ file, title, tags }) =>
      tags.filter((tag) => !ids.has(tag)).map((tag) => `${file}: “${title}” names ${tag}, which is no requirement`),
    ),
    ...Object.keys(evidence)
      .filter((id) => !ids.has(id))
      .map((id) => `evidence.json names ${id}, which is no requirement`),
    ...all
      .filter(({ isMet, unmet }) => !isMet && unmet === undefined)
      .map(({ id, why }) => `${id}: ${why}; evidence.json gives no reason why it is not met`),
    ...all
      .filter(({ unmet, document }) => unmet !== undefined && document !== undefined)
      .map(({ id }) => `${id} has a document and is not met`),
  ];
}

/** The outcome of `jest --json`. */
export class Results {
  /** @param {string} root @param {{ testResults: { name: string, assertionResults: { fullName: string, status: string }[] }[] }} report */
  constructor(root, { testResults }) {
    this.byFile = new Map(
      testResults.map(({ name, assertionResults }) => [
        name.replaceAll('\\', '/').slice(root.length + 1),
        assertionResults,
      ]),
    );
  }

  /** @returns undefined when every test of the file that names the requirement has passed, and there is one */
  faultOf({ file, title }, id) {
    const named = (this.byFile.get(file) ?? []).filter(({ fullName }) => fullName.includes(`[${id}]`));
    const other = named.find(({ status }) => status !== 'passed');
    if (other) return `${file}: “${other.fullName}” is ${other.status}`;
    return named.length === 0 ? `${file}: “${title}” did not run` : undefined;
  }
}

/** @returns {{ name: string, met: number, all: number }[]} */
export function figuresOf(rows) {
  const count = (name, chosen) => ({ name, met: chosen.filter(({ isMet }) => isMet).length, all: chosen.length });
  return [
    count(
      'levels 1 and 2',
      rows.filter(({ level }) => level === 1 || level === 2),
    ),
    count(
      'level 3',
      rows.filter(({ level }) => level === 3),
    ),
    count(
      'RFCs, NIST and bcrypt',
      rows.filter(({ level }) => level === undefined),
    ),
  ];
}
