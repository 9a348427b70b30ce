/** The tests that name a requirement or an attack in their titles: `it('refuses a weak password [V6.2.4] [T17]', …)`. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import ts from 'typescript';

const TAG = /\[((?:V\d+\.\d+\.\d+|R\d{2}|T\d{2}))\]/g;

/**
 * @typedef {object} TaggedTest
 * @property {string} file below the root, with slashes
 * @property {string} title as it is written, after those of the blocks around it
 * @property {string[]} tags its own, and those of the blocks around it
 * @property {boolean} runs whether `npm test` runs it
 */

/** @returns {TaggedTest[]} */
export function taggedTests(root) {
  return readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .map((name) => `test/${name.replaceAll('\\', '/')}`)
    .filter((file) => file.endsWith('.spec.ts'))
    .sort()
    .flatMap((file) => testsOf(file, readFileSync(join(root, file), 'utf8')));
}

export function tagsIn(title) {
  return [...title.matchAll(TAG)].map(([, tag]) => tag);
}

/** @returns {TaggedTest[]} */
export function testsOf(file, text) {
  const tests = [];
  const visit = (node, around, runs) => {
    const call = ts.isCallExpression(node) ? blockOf(node) : undefined;
    if (!call) {
      ts.forEachChild(node, (child) => visit(child, around, runs));
      return;
    }
    const titles = [...around, call.title];
    const runsToo = runs && call.runs;
    if (call.isTest) {
      const tags = titles.flatMap(tagsIn);
      if (tags.length > 0) tests.push({ file, title: titles.join(' › '), tags: [...new Set(tags)], runs: runsToo });
      return;
    }
    for (const argument of node.arguments.slice(1)) visit(argument, titles, runsToo);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true), [], true);
  return tests;
}

/** `it(…)`, `it.each(…)(…)`, `describe.skip(…)`, `itInSoak(…)`: what a call declares, when it declares tests. */
function blockOf({ expression, arguments: [title] }) {
  if (!title || !(ts.isStringLiteralLike(title) || ts.isTemplateExpression(title))) return undefined;
  const names = expression.getText().match(/^(\w+)((?:\.\w+)*)/);
  const kind = /^(?:x|f)?(it|test|describe)(?![a-z])/.exec(names?.[1] ?? '')?.[1];
  if (!kind) return undefined;
  const isPlain = names[1] === kind && !/\.(?:skip|todo|failing)/.test(names[2]);
  return {
    title: ts.isStringLiteralLike(title) ? title.text : title.getText().slice(1, -1),
    isTest: kind !== 'describe',
    runs: isPlain,
  };
}
