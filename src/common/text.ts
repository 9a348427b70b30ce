/** What text PostgreSQL and bcrypt can hold as it is. */

/** The length a person counts in code points, not in UTF-16 units. */
export function codePoints(text: string): number {
  return Array.from(text).length;
}

const SEGMENTER = new Intl.Segmenter('en', { granularity: 'grapheme' });

/**
 * Whether a text is no longer than a person counts, in grapheme clusters (UAX #29): a flag, a family, a letter with its
 * accents are one. Stops counting there: each cluster is an object, and of plain text there are as many as bytes.
 */
export function hasAtMostGraphemes(text: string, max: number): boolean {
  const clusters = SEGMENTER.segment(text)[Symbol.iterator]();
  for (let count = 0; clusters.next().done !== true; count += 1) if (count === max) return false;
  return true;
}

/** Neither NUL (PostgreSQL cannot store it) nor a lone surrogate (it would silently become U+FFFD). */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

export function isBlank(text: string): boolean {
  return /^[\s\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]*$/u.test(text);
}

/** As it came first, then composed and decomposed: keyboards differ in how they write an accent or a syllable. */
export function spellingsOf(text: string): Set<string> {
  return new Set([text, text.normalize('NFC'), text.normalize('NFD')]);
}

/** For a `LIKE` pattern: the person's `%`, `_` and `\` stand for themselves. */
export function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&');
}

/** Longer text is no code, and is left as it is. */
const CODE_MAX_LENGTH = 64;

/** A code as people type it: without spaces, hyphens and what nobody sees, its digits in ASCII whatever their script. */
export function digitsOf(text: string): string {
  if (text.length > CODE_MAX_LENGTH) return text;
  return text
    .normalize('NFKC')
    .replace(/[\s\p{Pd}\p{Cf}\u2212]/gu, '')
    .replace(/\p{Nd}/gu, (digit) => String(valueOf(digit)));
}

/** Unicode has the decimal digits of each script in a row, from zero on. */
function valueOf(digit: string): number {
  const point = digit.codePointAt(0) ?? 0;
  let zero = point;
  while (/\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero -= 1;
  return (point - zero) % 10;
}
