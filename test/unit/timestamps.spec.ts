import { isoTimestamp, parseDayOrTimestamp, parseTimestamp } from '../../src/common/timestamps.js';

describe('timestamps on the wire', () => {
  it.each([
    ['2025-01-31 08:09:10', '2025-01-31T08:09:10.000Z'],
    ['2025-01-31 08:09:10.1', '2025-01-31T08:09:10.100Z'],
    ['2025-01-31 08:09:10.02', '2025-01-31T08:09:10.020Z'],
    ['2025-01-31 08:09:10.123', '2025-01-31T08:09:10.123Z'],
  ])('writes %s as %s', (text, expected) => {
    expect(isoTimestamp(text)).toBe(expected);
    expect(isoTimestamp(new Date(expected))).toBe(expected);
  });
});

describe('a timestamp that is given (D5)', () => {
  it.each([
    ['2026-01-31T08:09:10Z', '2026-01-31T08:09:10.000Z'],
    ['2026-01-31T08:09:10.123456Z', '2026-01-31T08:09:10.123Z'],
    ['2026-01-31T08:09:10+05:30', '2026-01-31T02:39:10.000Z'],
    ['2024-02-29T23:59:59-00:00', '2024-02-29T23:59:59.000Z'],
  ])('is read: %s', (text, time) => {
    expect(parseTimestamp(text)?.toISOString()).toBe(time);
  });

  const NONE = [
    '',
    'infinity',
    'now',
    '2021-02-31T00:00:00Z',
    '2023-02-29T00:00:00Z',
    '2020-W01',
    '2020-W01-1T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '0000-01-01T00:00:00Z',
    // Of another year in UTC, or when PostgreSQL has rounded them.
    '0001-01-01T00:00:00+01:00',
    '9999-12-31T23:59:59-01:00',
    '9999-12-31T23:59:59.9996Z',
    '+002026-01-01T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '2026-01-01T23:59:60Z',
    '2026-01-01T00:00:00',
    '2026-01-01T00:00Z',
    '2026-01-01 00:00:00Z',
    '2026-01-01T00:00:00+24:00',
    '2026-01-01T00:00:00Z ',
    '2026-01-01T00:00:00Z\n',
    '1767225600',
  ];

  it.each(NONE)('is refused: %j', (text) => {
    expect([parseTimestamp(text), parseDayOrTimestamp(text)]).toEqual([undefined, undefined]);
  });

  it('may be a day alone, only where that is said', () => {
    expect(parseDayOrTimestamp('2024-02-29')?.toISOString()).toBe('2024-02-29T00:00:00.000Z');
    expect(parseTimestamp('2024-02-29')).toBeUndefined();
    for (const day of ['2023-02-29', '2026-04-31', '2026-00-10', '0000-01-01', '2026-1-1'])
      expect(parseDayOrTimestamp(day)).toBeUndefined();
  });
});
