/** The words of a noun, and those that would mean something else. */
import { Refusal } from './refusal.mjs';

/** No names of variables or of members. */
const TYPESCRIPT = `arguments await break case catch class const constructor continue debugger default delete do else enum eval export
  extends false finally for function if implements import in instanceof interface let new null package private protected
  prototype public return static super switch this throw true try typeof undefined var void while with yield`;

/** Reserved in PostgreSQL 18. */
const SQL = `all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation
  column concurrently constraint create cross current_catalog current_date current_role current_schema current_time
  current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign freeze from
  full grant group having ilike in initially inner intersect into is isnull join lateral leading left like limit localtime
  localtimestamp natural not notnull null offset on only or order outer overlaps placing primary references returning
  right select session_user similar some symmetric system_user table tablesample then to trailing true union unique user
  using variadic verbose when where window with`;

/** Names in the code that is made. */
const TAKEN = `after changes conditions created_at cursor given id join limit manager one owner_id page principal raw reply row rows
  scope set sql updated_at user_id`;

/** Addresses that Roost serves itself. */
const ADDRESSES = `api account admin auth confirm dev docs forgot health metrics migrations openapi problems reset timeline undo users`;

const words = (text) => text.split(/\s+/);
const NO_VARIABLES = new Set([...words(TYPESCRIPT), ...words(TAKEN)]);
const NO_COLUMNS = new Set([...NO_VARIABLES, ...words(SQL)]);
const NO_NOUNS = new Set([...NO_COLUMNS, ...words(ADDRESSES)]);

/** @param plural such as `notes` @param singular where no rule tells it: `--singular person` */
export function nounOf(plural, singular = singularOf(plural)) {
  for (const word of [plural, singular]) {
    if (!/^[a-z]{2,30}$/.test(word))
      throw new Refusal(
        `"${word}" is no name of a noun. It is one word of 2 to 30 small letters, in the plural: notes.`,
      );
    if ((word === plural ? NO_NOUNS : NO_VARIABLES).has(word))
      throw new Refusal(`"${word}" means something else in TypeScript, in SQL or in Roost. Choose another word.`);
  }
  if (plural === singular)
    throw new Refusal(`The singular of "${plural}" must be another word, because both are names in the code.`);
  return { many: plural, one: singular, Many: capital(plural), One: capital(singular) };
}

/** @param name as on the wire and in the table: due_at */
export function checkFieldName(name) {
  if (!/^[a-z][a-z0-9]*(?:_[a-z][a-z0-9]*)*$/.test(name) || name.length > 50)
    throw new Refusal(
      `"${name}" is no name of a field. It has small letters, digits and _, and begins with a letter: due_at.`,
    );
  if (NO_COLUMNS.has(name))
    throw new Refusal(`A field cannot be named "${name}": the word has a meaning of its own in the code or in SQL.`);
}

export function camel(name) {
  return name.replace(/_([a-z0-9])/g, (_, letter) => letter.toUpperCase());
}

export function capital(word) {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

function singularOf(plural) {
  if (/[^aeiou]ies$/.test(plural)) return plural.replace(/ies$/, 'y');
  if (/(?:ss|sh|ch|x)es$/.test(plural)) return plural.replace(/es$/, '');
  if (/[^su]s$/.test(plural)) return plural.replace(/s$/, '');
  throw new Refusal(`What is one of "${plural}"? Say so: --singular person`);
}
