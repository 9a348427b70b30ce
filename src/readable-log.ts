import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

const STYLES: Readonly<Record<string, Style>> = { info: 'green', warn: 'yellow', error: 'red', fatal: 'red' };
const PLAIN = /^[\w./:@+-]+$/;
/** A terminal would obey them, or show nothing: control and format characters (Cc, Cf), and those that break a line. */
const UNSAFE = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

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
  return text.replace(UNSAFE, (character) => character.split('').map(escapeOf).join(''));
}

function escapeOf(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function styled(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout });
}
