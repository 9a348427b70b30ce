/** Statements with parameters are prepared: PostgreSQL parses and plans each of them once for a connection. */
import { createHash } from 'node:crypto';

const MOST_STATEMENTS = 400;
const MOST_CHARACTERS = 10_000;

const names = new Map<string, string>();

/** @returns undefined for what is sent as it is: without parameters, a page, too long, or one text too many */
export function preparedName(text: string, values: unknown, generation = 0): string | undefined {
  if (!Array.isArray(values) || values.length === 0) return undefined;
  const name = names.get(text) ?? newName(text);
  return name === undefined ? undefined : `${name}_${generation}`;
}

/** Of the text alone: a pooler may show one connection the statements of another process. */
function newName(text: string): string | undefined {
  if (names.size >= MOST_STATEMENTS || text.length > MOST_CHARACTERS || isPage(text)) return undefined;
  const name = `roost_${createHash('sha256').update(text).digest('base64url')}`;
  names.set(text, name);
  return name;
}

/** Which index is best depends on how many rows the page's owner has, so it is planned for its values each time. */
function isPage(text: string): boolean {
  return text.includes('ORDER BY') && /\bLIMIT \$?\d+\s*$/.test(text);
}
