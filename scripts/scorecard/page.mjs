/** The scorecard as a page for people: docs/security/asvs.md. */
import { figuresOf } from './scorecard.mjs';

export function pageOf({ rows, attacks }) {
  const figures = figuresOf(rows).map(({ name, met, all }) => `- ${name}: **${met}/${all}**`);
  const chapters = [...new Set(rows.map(({ chapter }) => chapter))];
  return [
    '# Requirements and attacks, and what shows each',
    '',
    'Written by `npm run security:scorecard`, from the tags in the titles of tests (`[V6.2.4]`, `[T17]`) and',
    '[evidence.json](evidence.json). A requirement counts when a test names it, or the document that it asks for exists. With the results of a run',
    '(`--results`), a test that fails, is skipped or is missing does not count.',
    '',
    'The requirements are those of [OWASP ASVS 5.0.0](https://github.com/OWASP/ASVS) that apply to such an API, paraphrased, and of some RFCs, NIST SP',
    '800-63B-4 and bcrypt ([requirements.json](requirements.json)). ASVS is by the OWASP Foundation,',
    '[CC BY-SA 4.0](https://creativecommons.org/licenses/by-sa/4.0/), and so are these paraphrases. This page is a list of what is tested, and no',
    'claim of conformance.',
    '',
    ...figures,
    '',
    `Attacks with a test: **${attacks.filter(({ isMet }) => isMet).length}/${attacks.length}**`,
    '',
    ...notMet([...rows, ...attacks]),
    ...chapters.flatMap((chapter) => [`## ${chapter}`, '', ...table(rows.filter((row) => row.chapter === chapter))]),
    '## Attacks',
    '',
    'Those with a `!` succeed against the defaults of the stack.',
    '',
    ...attackTable(attacks),
  ].join('\n');
}

function notMet(rows) {
  const unmet = rows.filter(({ isMet }) => !isMet);
  if (unmet.length === 0) return [];
  return [
    '## Not met',
    '',
    ...unmet.map(({ id, requirement, attack, why }) => `- ${id}, ${cell(requirement ?? attack)}: ${why}`),
    '',
  ];
}

function table(rows) {
  return [
    '| id | level | requirement | shown by |',
    '| --- | --- | --- | --- |',
    ...rows.map(
      (row) =>
        `| ${row.id} | ${row.level ?? `${cell(row.source)}, ${cell(row.force)}`} | ${cell(row.requirement)} | ${shownBy(row)} |`,
    ),
    '',
  ];
}

function attackTable(rows) {
  return [
    '| id | attack | shown by |',
    '| --- | --- | --- |',
    ...rows.map((row) => `| ${row.id}${row.stack_fails ? ' !' : ''} | ${cell(row.attack)} | ${shownBy(row)} |`),
    '',
  ];
}

function shownBy({ id, isMet, why, tests, document, note }) {
  if (!isMet) return `**not met**: ${cell(why)}`;
  const named = new Map(tests.map(({ file, title }) => [file + upTo(id, title), { file, title: upTo(id, title) }]));
  const parts = [
    ...[...named.values()].map(
      ({ file, title }) => `[${file.replace(/^test\//, '')}](../../${file}) ${cell(withoutTags(title))}`,
    ),
    ...(document === undefined ? [] : [linkTo(document)]),
    ...(note === undefined ? [] : [cell(note)]),
  ];
  return parts.join('<br>');
}

/** The block or the test that names it: a block stands for all of its tests. */
function upTo(id, title) {
  const titles = title.split(' › ');
  return titles.slice(0, titles.findIndex((each) => each.includes(`[${id}]`)) + 1).join(' › ');
}

function linkTo(document) {
  const [file, heading] = document.split('#');
  const anchor = heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
  return `[${file}](../../${file}#${anchor}) ${cell(heading)}`;
}

function withoutTags(title) {
  return title.replace(/ ?\[(?:V[\d.]+|[RT]\d\d)\]/g, '');
}

/** As text in a cell of a table. */
function cell(text) {
  return String(text)
    .replace(/[\\`*_|<>{}[\]]/g, '\\$&')
    .replace(/\s+/g, ' ');
}
