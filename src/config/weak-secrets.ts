import { COMMON_PASSWORDS } from './common-passwords.js';

/** RFC 7518 section 3.2: a key has at least the hash's size. */
const MIN_BYTES = 32;
/** Bits of guesses. A key is attacked offline by any holder of a token; a password over the network only. */
const KEY_BITS = 96;
const PASSWORD_BITS = 28;

const SAMPLE =
  /change[-_ ]?me|replace|example|sample|secret|password|default|insecure|development|0123456|abcdefg|qwerty/i;
const OWN_WORDS: ReadonlySet<string> = new Set([
  'roost',
  'postgres',
  'postgresql',
  'redis',
  'admin',
  'root',
  'test',
  'changeme',
  'smtp',
  'mail',
]);
const SHORTEST_WORD = 4;
const LONGEST_WORD = 16;
const ROWS = ['qwertyuiop', 'asdfghjkl', 'zxcvbnm', '1234567890', 'qwertzuiop', 'azertyuiop', '!@#$%^&*()'];
const LEET: Readonly<Record<string, string>> = {
  0: 'o',
  1: 'l',
  3: 'e',
  4: 'a',
  5: 's',
  7: 't',
  '@': 'a',
  $: 's',
  '!': 'i',
};

const SEPARATORS = /[\s.,;:'!?_-]+/;
const WORD = /^(?:\p{L}?\p{Ll}{0,30}|\p{Lu}{0,30})$/u;

const COST = { word: 10, repeat: 6, year: 6, run: 3, letter: 3, space: 1 };
const LONGEST_PERIOD = 8;
const ENOUGH = 256;

export interface Weakness {
  readonly message: string;
  readonly always: boolean;
}

export function weakness(secret: string): Weakness | undefined {
  if (Buffer.byteLength(secret) < MIN_BYTES)
    return { message: `must have at least ${MIN_BYTES} bytes (openssl rand -base64 48 makes one)`, always: true };
  if (isGuessedSoon(secret) || bytesOf(secret).some(areGuessedSoon)) {
    return {
      message: 'looks like a sample or a pattern, which production refuses (openssl rand -base64 48 makes a real one)',
      always: false,
    };
  }
  return undefined;
}

function isGuessedSoon(text: string): boolean {
  return SAMPLE.test(text) || guessBits(text) < KEY_BITS;
}

/** Also the decoded bytes: an encoding adds no entropy. */
function bytesOf(secret: string): Buffer[] {
  return [
    ...(/^(?:[0-9a-f]{2})+$/i.test(secret) ? [Buffer.from(secret, 'hex')] : []),
    ...(/^[\w+/-]+={0,2}$/.test(secret) ? [Buffer.from(secret, 'base64')] : []),
  ];
}

function areGuessedSoon(bytes: Buffer): boolean {
  const text = bytes.toString('latin1');
  if (/^[ -~]+$/.test(text)) return isGuessedSoon(text);
  return Array.from({ length: LONGEST_PERIOD }, (_, index) => index + 1).some((period) => isRegular(bytes, period));
}

function isRegular(bytes: Buffer, period: number): boolean {
  const steps = bytes.subarray(period).map((byte, index) => byte - (bytes[index] ?? 0));
  return steps.every((step) => step === steps[0]);
}

export function isWeakPassword(password: string, user = ''): boolean {
  return password.toLowerCase() === user.toLowerCase() || guessBits(password, user.toLowerCase()) < PASSWORD_BITS;
}

/** The cheapest split into words, repetitions, runs and single characters, as an attacker would guess. */
function guessBits(secret: string, user = ''): number {
  const text = secret.normalize('NFKC').slice(0, ENOUGH);
  const lower = text.toLowerCase();
  const plain = Array.from(lower, (character) => LEET[character] ?? character).join('');
  const isWord = (word: string): boolean => COMMON_PASSWORDS.has(word) || OWN_WORDS.has(word) || word === user;
  const characterBits = Math.log2(alphabetOf(text));
  const isProse = text.split(SEPARATORS).every((word) => WORD.test(word)) && /[\s_-]/.test(text.trim());
  const bits = [...Array<number>(lower.length), 0];
  for (let index = lower.length - 1; index >= 0; index -= 1) {
    const letters = isProse ? (/^\p{L}+/u.exec(lower.slice(index))?.[0].length ?? 0) : 0;
    const parts = [
      { length: 1, bits: isProse && letters === 0 ? COST.space : characterBits },
      { length: letters, bits: Math.min(COST.word, letters * COST.letter) },
      { length: atLeastThree(runAt(lower, index)), bits: characterBits + COST.run },
      { length: atLeastThree(repeatAt(lower, index)), bits: COST.repeat },
      { length: /^(?:19|20)\d\d/.test(lower.slice(index)) ? 4 : 0, bits: COST.year },
      ...wordsAt([lower, plain], index, isWord).map((length) => ({ length, bits: COST.word })),
    ];
    const costs = parts.filter(({ length }) => length > 0).map((part) => part.bits + (bits[index + part.length] ?? 0));
    bits[index] = Math.min(...costs);
  }
  return bits[0] ?? 0;
}

function atLeastThree(length: number): number {
  return length < 3 ? 0 : length;
}

function alphabetOf(text: string): number {
  if (/^(?:[0-9a-f]+|[0-9A-F]+)$/.test(text)) return /[a-f]/i.test(text) ? 16 : 10;
  const classes: [RegExp, number][] = [
    [/[a-z]/, 26],
    [/[A-Z]/, 26],
    [/[0-9]/, 10],
    [/[^a-zA-Z0-9]/, 32],
  ];
  return Math.max(
    2,
    classes.reduce((sum, [pattern, size]) => sum + (pattern.test(text) ? size : 0), 0),
  );
}

function runAt(text: string, start: number): number {
  let end = start + 1;
  const step = stepOf(text, start);
  while (step !== undefined && end < text.length && stepOf(text, end - 1) === step) end += 1;
  return end - start;
}

function stepOf(text: string, index: number): string | undefined {
  const pair = text.slice(index, index + 2);
  if (pair.length < 2) return undefined;
  const distance = pair.charCodeAt(1) - pair.charCodeAt(0);
  if (Math.abs(distance) <= 1) return String(distance);
  if (ROWS.some((row) => row.includes(pair))) return 'right';
  return ROWS.some((row) => row.includes((pair[1] ?? '') + (pair[0] ?? ''))) ? 'left' : undefined;
}

function repeatAt(text: string, start: number): number {
  let length = 0;
  while (start + length < text.length && text.slice(0, start + length).includes(text.slice(start, start + length + 1)))
    length += 1;
  return length;
}

function wordsAt(readings: readonly string[], start: number, isWord: (word: string) => boolean): number[] {
  return Array.from({ length: LONGEST_WORD - SHORTEST_WORD + 1 }, (_, index) => SHORTEST_WORD + index).filter(
    (length) =>
      readings.some((text) => {
        const word = text.slice(start, start + length);
        return word.length === length && /[^\d]/.test(word) && isWord(word);
      }),
  );
}
