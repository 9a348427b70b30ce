/** What the migrations have made of a table: whether it is there, since when, and what refers to it. */
import { migrationsOf } from './noun.mjs';
import { Refusal } from './refusal.mjs';

const OWNER = /(?:CREATE|ALTER) TABLE (?:IF (?:NOT )?EXISTS )?(?:ONLY )?"?(\w+)"?/gi;
const REFERENCE =
  /(?:CONSTRAINT "?(?<constraint>\w+)"?\s+)?(?:FOREIGN KEY \((?<columns>[^)]*)\)\s*)?REFERENCES "?(?<table>\w+)"?/gi;
const VIEW = /CREATE (?:OR REPLACE )?(?:MATERIALIZED )?VIEW "?(\w+)"?([^;`]*)/gi;

/** @returns the migrations since it was dropped last; all, if it never was */
export function migrationsSince(root, table) {
  const { names, texts } = migrationsOf(root);
  const last = texts.findLastIndex((text) => listsOf(upOf(text), 'TABLE').includes(table));
  return names.map((name, index) => ({ name, text: texts[index] })).slice(last + 1);
}

export function hasTable(root, table) {
  return migrationsSince(root, table).some(({ text }) => new RegExp(`CREATE TABLE ${table}\\b`).test(upOf(text)));
}

/** PostgreSQL refuses to drop a table that another table or a view refers to. */
export function checkUnreferenced(root, tables) {
  const { names, texts } = migrationsOf(root);
  const found = texts.flatMap((text, index) => {
    const later = texts.slice(index).map(upOf).join('\n');
    return [...foreignKeysIn(upOf(text)), ...viewsIn(upOf(text))]
      .filter(({ to, from }) => tables.some((table) => to.includes(table)) && !tables.includes(from))
      .filter((reference) => !isDropped(reference, later))
      .map((reference) => told({ ...reference, migration: names[index] }));
  });
  if (found.length > 0)
    throw new Refusal(
      `Others refer to what would be dropped:\n${found.join('\n')}\nDrop that by a migration of your own first. Nothing was changed.`,
    );
}

function foreignKeysIn(text) {
  return [...text.matchAll(REFERENCE)].map(({ index, groups: { constraint, columns, table } }) => {
    const before = text.slice(0, index);
    const from = [...before.matchAll(OWNER)].at(-1)?.[1];
    const [column] = /\w+(?=[^,(]*$)/.exec(before.replace(/ADD (?:COLUMN )?(?:IF NOT EXISTS )?/gi, ',')) ?? [];
    const parts = columns === undefined ? [column] : columns.split(',').map((each) => each.trim());
    return { from, to: [table], columns: parts, constraint: constraint ?? [from, ...parts, 'fkey'].join('_') };
  });
}

function viewsIn(text) {
  return [...text.matchAll(VIEW)].map(([, from, query]) => ({
    from,
    isView: true,
    to: [...query.matchAll(/(?:FROM|JOIN) "?(\w+)"?/gi)].map(([, table]) => table),
  }));
}

function isDropped({ from, constraint, columns = [], isView = false }, later) {
  if (isView) return listsOf(later, '(?:MATERIALIZED )?VIEW').includes(from);
  return (
    listsOf(later, 'TABLE').includes(from) ||
    new RegExp(`DROP CONSTRAINT (?:IF EXISTS )?"?${constraint}\\b`, 'i').test(later) ||
    columns.some((column) =>
      new RegExp(`ALTER TABLE "?${from}"?[^;\`]*DROP (?:COLUMN )?(?:IF EXISTS )?"?${column}\\b`, 'i').test(later),
    )
  );
}

function told({ from, constraint, isView, to, migration }) {
  return isView
    ? `  the view ${from} reads ${to.join(', ')} (${migration})`
    : `  the table ${from} refers to ${to[0]} by its constraint ${constraint} (${migration}): ALTER TABLE ${from} DROP CONSTRAINT ${constraint}`;
}

/** @returns the names in `DROP TABLE a, b` */
function listsOf(text, kind) {
  return [...text.matchAll(new RegExp(`DROP ${kind} (?:IF EXISTS )?([\\w", ]+)`, 'gi'))].flatMap(([, names]) =>
    names.split(',').map((name) => name.replaceAll('"', '').trim().split(' ')[0]),
  );
}

function upOf(text) {
  return text.split(/^ {2}(?:async )?down\(/m)[0];
}
