/** What text PostgreSQL and bcrypt can hold as it is. */

/** The length a person counts in code points, not in UTF-16 units. */
export function codePoints(text: string): number {
  return Array.from(text).length;
}

const SEGMENTER = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** The length as a person sees it, in grapheme clusters (UAX #29): a flag, a family, a letter with its accents are one. */
export function graphemes(text: string): number {
  return Array.from(SEGMENTER.segment(text)).length;
}

/** Neither NUL (PostgreSQL cannot store it) nor a lone surrogate (it would silently become U+FFFD). */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

export function isBlank(text: string): boolean {
  return /^[\s\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]*$/u.test(text);
}

/** For a `LIKE` pattern: the person's `%`, `_` and `\` stand for themselves. */
export function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&');
}
