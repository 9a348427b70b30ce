/** Statements with parameters are prepared: PostgreSQL parses and plans each of them once for a connection. */
import { createHash } from 'node:crypto';

/** Each takes some 20 kB of the server, for each connection. */
const MOST_STATEMENTS = 400;
const MOST_CHARACTERS = 10_000;

/** A page: which index is best depends on how many rows its owner has, so it is planned for its values each time. */
const PAGE = /\bORDER BY\b[^()]*\bLIMIT \$?\d+\s*$/;

const names = new Map<string, string | undefined>();

export interface PreparedStatement {
  readonly name: string;
  readonly text: string;
  readonly values: readonly unknown[];
}

/** @returns undefined for what is sent as it is: without parameters, a page, too long, or one text too many */
export function prepared(text: unknown, values: unknown): PreparedStatement | undefined {
  if (typeof text !== 'string' || !Array.isArray(values) || values.length === 0) return undefined;
  if (!names.has(text)) {
    if (names.size >= MOST_STATEMENTS || text.length > MOST_CHARACTERS) return undefined;
    names.set(text, PAGE.test(text) ? undefined : nameOf(text));
  }
  const name = names.get(text);
  return name === undefined ? undefined : { name, text, values };
}

/** Of the text alone: a pooler may show one connection the statements of another process. */
function nameOf(text: string): string {
  return `roost_${createHash('sha256').update(text).digest('base64url')}`;
}
