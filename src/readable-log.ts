/** A line of the log for people at a terminal. */
import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

const STYLES: Readonly<Record<string, Style>> = { info: 'green', warn: 'yellow', error: 'red', fatal: 'red' };
const PLAIN = /^[\w./:@+-]+$/;
/** Control characters, also those beyond ASCII, and those that reorder or break a line: a terminal would obey them. */
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

export function readable(line: string): string {
  const { level, time, msg, err, ...facts } = JSON.parse(line) as Record<string, unknown>;
  const style = STYLES[String(level)] ?? 'dim';
  const { text, rest } = summaryOf(msg, facts);
  const more = Object.entries(rest).map(([name, value]) => `${escaped(name)}=${shown(value)}`);
  const head = `${styled('dim', String(time).slice(11, 23))} ${styled(style, String(level).padEnd(5))} ${text}`;
  return `${[head, ...(more.length > 0 ? [styled('dim', more.join(' '))] : [])].join('  ')}\n${causeOf(err)}`;
}

function summaryOf(msg: unknown, facts: Record<string, unknown>): { text: string; rest: Record<string, unknown> } {
  if (msg !== 'request') return { text: escaped(String(msg)), rest: facts };
  const { method, path, status, ms, ...rest } = facts;
  const style = Number(status) >= 500 ? 'red' : Number(status) >= 400 ? 'yellow' : 'green';
  const answer = styled(style, escaped(String(status)));
  return { text: `${escaped(String(method))} ${escaped(String(path))} ${answer} ${escaped(String(ms))} ms`, rest };
}

function causeOf(err: unknown): string {
  if (typeof err !== 'object' || err === null) return err === undefined ? '' : `    ${shown(err)}\n`;
  const { stack, message } = err as { stack?: unknown; message?: unknown };
  const lines = String(stack ?? message).split('\n');
  return lines.map((line) => `    ${escaped(line)}\n`).join('');
}

function shown(value: unknown): string {
  return typeof value === 'string' && PLAIN.test(value) ? value : escaped(JSON.stringify(value));
}

function escaped(text: string): string {
  return text.replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Colours only where a terminal shows them. */
function styled(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout });
}
