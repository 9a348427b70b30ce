/** Refuses passwords that are guessed first. The reasons are in docs/adr/0007-passwords.md. */
import type { FieldError } from '../../common/errors.js';
import { codePoints } from '../../common/text.js';
import { COMMON_PASSWORDS } from '../../config/common-passwords.js';

const ROWS = [
  ...['qwertyuiop', 'asdfghjkl;', 'zxcvbnm,./', '!@#$%^&*()_+'],
  ...['qwertzuiop', 'yxcvbnm', 'azertyuiop', 'qsdfghjklm', 'wxcvbn'],
];
const NEIGHBOURS: ReadonlySet<string> = new Set(
  ROWS.flatMap((row) => pairsOf(row).flatMap(([a, b]) => [a + b, b + a])),
);

const PATTERN_MAX_BYTES = 32;
const UNIT_MAX_LENGTH = 4;
/** `abcd1234` has two runs, `Abcd1234!` has three. */
const MAX_RUNS = 2;

const NAME_MIN_LENGTH = 4;
const ENOUGH_LENGTH = 8;

const PRODUCT = 'roost';

const PART_MIN_LENGTH = 5;

const LETTERS = new Map(Object.entries({ 0: 'o', 1: 'l', 3: 'e', 4: 'a', 5: 's', 7: 't', '@': 'a', $: 's' }));

export interface PasswordOwner {
  readonly email: string;
  readonly username: string | undefined;
  readonly secondFactors?: readonly string[];
}

export function guessable(
  password: string,
  { email, username }: PasswordOwner,
  serviceNames: readonly string[] = [],
): Omit<FieldError, 'pointer'> | undefined {
  const text = password.normalize('NFKC').toLowerCase();
  const typed = Buffer.byteLength(password) <= PATTERN_MAX_BYTES;
  const unit = typed ? unitOf(text) : text;
  if (COMMON_PASSWORDS.has(text) || COMMON_PASSWORDS.has(unit)) {
    return { code: 'too_common', detail: 'is one of the passwords that are used most, and is guessed first' };
  }
  if (typed && (codePoints(unit) <= UNIT_MAX_LENGTH || runsOf(text) <= MAX_RUNS)) {
    return { code: 'too_guessable', detail: 'is a repetition or a sequence, which is easy to guess' };
  }
  const local = email.slice(0, email.indexOf('@'));
  if ([email, local].some((name) => reliesOn(text, name)) || isMadeOf(text, [local])) {
    return { code: 'contains_email', detail: 'must not contain your e-mail address or the part of it before the @' };
  }
  if (username !== undefined && (reliesOn(text, username) || isMadeOf(text, [username]))) {
    return { code: 'contains_username', detail: 'must not contain your username' };
  }
  const letters = text.replace(/[013457@$]/g, (character) => LETTERS.get(character) ?? character);
  const names = [PRODUCT, ...serviceNames];
  if (isMadeOf(text, names) || isMadeOf(letters, names)) {
    return { code: 'contains_service', detail: 'must be more than the name of this service and a few characters' };
  }
  return undefined;
}

function unitOf(text: string): string {
  return /^(.+?)\1+$/su.exec(text)?.[1] ?? text;
}

function runsOf(text: string): number {
  return 1 + pairsOf(text).filter(([a, b]) => !isStep(a, b)).length;
}

function isStep(a: string, b: string): boolean {
  const distance = (b.codePointAt(0) ?? 0) - (a.codePointAt(0) ?? 0);
  if (distance === 0 || NEIGHBOURS.has(a + b)) return true;
  if (/^(?:\p{L}{2}|\p{Nd}{2})$/u.test(a + b)) return Math.abs(distance) === 1 || ['90', '09'].includes(a + b);
  return false;
}

function reliesOn(text: string, name: string): boolean {
  const [part, length] = [name.toLowerCase(), codePoints(name)];
  if (length < NAME_MIN_LENGTH || !text.includes(part)) return false;
  return length >= ENOUGH_LENGTH || codePoints(text.replaceAll(part, '')) < ENOUGH_LENGTH;
}

function isMadeOf(text: string, names: readonly string[]): boolean {
  const parts = names
    .flatMap((name) => name.toLowerCase().split(/[^\p{L}\p{N}]+/u))
    .filter((part) => codePoints(part) >= PART_MIN_LENGTH)
    .sort((a, b) => b.length - a.length);
  const rest = parts.reduce((left, part) => left.replaceAll(part, ''), text);
  return rest !== text && codePoints(rest) < ENOUGH_LENGTH;
}

function pairsOf(text: string): [string, string][] {
  const characters = Array.from(text);
  return characters.slice(1).map((character, index) => [characters[index] ?? '', character]);
}
