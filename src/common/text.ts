export function codePoints(text: string): number {
  return Array.from(text).length;
}

const SEGMENTER = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Counts grapheme clusters (UAX #29): a flag or an accented letter is one. Stops at the limit to bound the memory. */
export function hasAtMostGraphemes(text: string, max: number): boolean {
  if (text.length <= max) return true;
  const clusters = SEGMENTER.segment(text)[Symbol.iterator]();
  for (let count = 0; clusters.next().done !== true; count += 1) if (count === max) return false;
  return true;
}

/** PostgreSQL cannot store NUL, and a lone surrogate would silently become U+FFFD. */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

export function isBlank(text: string): boolean {
  return /^[\s\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]*$/u.test(text);
}

/** Code units. Normalisation takes time that grows with the square of the marks in a row. */
const SPELLED_MAX_LENGTH = 1_000;

/** The original first, then NFC and NFD: keyboards differ in accents and syllables. Longer text has one spelling. */
export function spellingsOf(text: string): Set<string> {
  if (text.length > SPELLED_MAX_LENGTH) return new Set([text]);
  return new Set([text, text.normalize('NFC'), text.normalize('NFD')]);
}

/** An index of trigrams finds text only by three letters or digits in a row. */
export const HAS_TRIGRAM = /[\p{L}\p{N}]{3}/u;

export function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&');
}

const CODE_MAX_LENGTH = 64;

/** Tolerates spaces, hyphens and invisible characters in a typed code, and digits of other scripts. */
export function digitsOf(text: string): string {
  if (text.length > CODE_MAX_LENGTH) return text;
  return text
    .normalize('NFKC')
    .replace(/[\s\p{Pd}\p{Cf}\u2212]/gu, '')
    .replace(/\p{Nd}/gu, (digit) => String(valueOf(digit)));
}

function valueOf(digit: string): number {
  const point = digit.codePointAt(0) ?? 0;
  let zero = point;
  while (/\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero -= 1;
  return (point - zero) % 10;
}
