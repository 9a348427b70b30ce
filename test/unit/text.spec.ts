import { codePoints, escapeLike, hasAtMostGraphemes, isBlank, isStorable } from '../../src/common/text.js';

describe('text', () => {
  it('is as long as it has code points', () => {
    expect(['', 'a', '\u00E9', 'e\u0301', '\u{1F600}', '\u{1F468}\u200D\u{1F469}', '\ud800'].map(codePoints)).toEqual([
      0, 1, 1, 2, 1, 3, 1,
    ]);
  });

  it('is no longer than a person counts', () => {
    const three = [
      'abc',
      'e\u0301e\u0301e\u0301',
      '\u{1F1E8}\u{1F1ED}'.repeat(3),
      '\u{1F468}\u200D\u{1F469}\u200D\u{1F467}'.repeat(3),
    ];
    expect(three.map((text) => [hasAtMostGraphemes(text, 2), hasAtMostGraphemes(text, 3)])).toEqual(
      three.map(() => [false, true]),
    );
    expect(hasAtMostGraphemes('', 0)).toBe(true);
  });

  it('is counted no further than it has to', () => {
    let counted = 0;
    const endless = {
      *[Symbol.iterator]() {
        for (;;) yield { index: (counted += 1), segment: 'x', input: '' };
      },
    };
    const segment = jest
      .spyOn(Intl.Segmenter.prototype, 'segment')
      .mockReturnValue(endless as unknown as Intl.Segments);
    try {
      expect(hasAtMostGraphemes('x'.repeat(281), 280)).toBe(false);
      expect(counted).toBe(281);
    } finally {
      segment.mockRestore();
    }
  });

  it('is blank when there is nothing to see', () => {
    const blank = [
      '',
      ' ',
      '\t\n\r',
      '\u00A0',
      '\u2003',
      '\u3000',
      '\u200B',
      '\u200D',
      '\u2060',
      '\uFEFF',
      '\u00AD',
      '\u202E',
      '\u2800',
      '\u3164',
      '\u115F',
      '\u0007',
      ' \u200B ',
    ];
    expect(blank.filter((text) => !isBlank(text))).toEqual([]);
  });

  it('is not blank when there is', () => {
    const visible = [
      'a',
      ' a ',
      '.',
      '0',
      '\u{1F600}',
      '\u2764\uFE0F',
      '\u0301',
      '\u4E2D',
      '\u0627',
      '_',
      '\uFFFD',
      '\u200Ba',
    ];
    expect(visible.filter(isBlank)).toEqual([]);
  });

  it('is storable without NUL and lone surrogates', () => {
    expect(['', 'a', '\u{1F600}', '\uFFFF', '\uFFFD', '\u0001', '\u202E'].every(isStorable)).toBe(true);
    expect(['\0', 'a\0', '\ud800', '\udfff', '\udc00\ud800', 'a\ud83d'].some(isStorable)).toBe(false);
  });

  it('is literal in a LIKE pattern', () => {
    expect(escapeLike('100%_\\x')).toBe('100\\%\\_\\\\x');
  });
});
