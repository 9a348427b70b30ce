/** Reads `.env`. Ambiguous lines are faults, reported by line and never by value. */
import { readFileSync } from 'node:fs';

import { ConfigError } from './environment.js';

const ASSIGNMENT = /^\s*(?:export\s+)?([\w.-]+)\s*[=:](.*)$/;
const SECRET = /PASSWORD|SECRET|TOKEN|URL$/;

interface Line {
  readonly name: string;
  readonly number: number;
}

export function readEnvFile(path: string): Record<string, string> {
  const bytes = readBytes(path);
  return bytes === undefined ? {} : parseEnvFile(decode(bytes), path);
}

export function parseEnvFile(text: string, path = '.env'): Record<string, string> {
  const values: Record<string, string> = {};
  const faults: string[] = [];
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/);
  for (let index = 0; index < lines.length; index += 1) {
    const first = lines[index] ?? '';
    if (/^\s*(?:#|$)/.test(first)) continue;
    const [, name = '', rest = ''] = ASSIGNMENT.exec(first) ?? [];
    const line = { name, number: index + 1 };
    if (name === '') {
      faults.push(`${path} line ${line.number} is not NAME=value`);
      continue;
    }
    const begun = rest.trimStart();
    const quote = /^["'`]/.exec(begun)?.[0];
    const parsed = quote === undefined ? unquoted(rest, line) : quoted(begun, lines.slice(index + 1), { quote, line });
    if ('fault' in parsed) faults.push(`${path} line ${line.number}: ${parsed.fault}`);
    else {
      values[name] = parsed.value;
      index += parsed.moreLines;
    }
  }
  if (faults.length > 0) throw new ConfigError(faults);
  return values;
}

type Parsed = { readonly value: string; readonly moreLines: number } | { readonly fault: string };

/** Shells cut at a # after white space, other readers of .env at every #. An ambiguous value is a fault. */
function unquoted(text: string, { name }: Line): Parsed {
  const [value = '', comment] = text.split(/\s#(.*)/s, 2).map((part) => part.trim());
  if (value.includes('#')) return { fault: `${name} has a # in its value: put the value in quotes` };
  if (comment !== undefined && value !== '' && SECRET.test(name))
    return { fault: `${name} has a # after a space: put the value in quotes, and a comment on a line of its own` };
  return { value, moreLines: 0 };
}

function quoted(text: string, following: readonly string[], how: { quote: string; line: Line }): Parsed {
  const { quote, line } = how;
  const whole = [text, ...following].join('\n');
  const end = closing(whole, quote);
  if (end === -1) return { fault: `${line.name} begins with ${quote}, which is never closed` };
  const rest = /^[^\n]*/.exec(whole.slice(end + 1))?.[0] ?? '';
  if (!/^\s*(?:#|$)/.test(rest))
    return {
      fault: `${line.name} continues after its closing ${quote}: put the whole value in quotes of another kind`,
    };
  const value = whole.slice(1, end);
  const moreLines = value.split('\n').length - 1;
  return { value: quote === '"' ? unescaped(value) : value, moreLines };
}

function closing(text: string, quote: string): number {
  for (let index = 1; index < text.length; index += 1) {
    if (text[index] === '\\' && quote === '"') index += 1;
    else if (text[index] === quote) return index;
  }
  return -1;
}

function unescaped(value: string): string {
  return value.replaceAll(/\\([nr"\\])/g, (_, letter: string) => ({ n: '\n', r: '\r' })[letter] ?? letter);
}

function readBytes(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new ConfigError([
      code === 'EISDIR' ? `${path} is a folder: it has to be a file` : `${path} cannot be read (${code})`,
    ]);
  }
}

function decode(bytes: Buffer): string {
  const isUtf16 = [0xfeff, 0xfffe].includes(bytes.length < 2 ? 0 : bytes.readUInt16BE(0)) || bytes.includes(0);
  if (isUtf16) throw new ConfigError(['.env is in UTF-16: save it as UTF-8']);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new ConfigError(['.env is not in UTF-8: save it as UTF-8']);
  }
}
