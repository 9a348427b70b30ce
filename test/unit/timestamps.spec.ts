import { isoTimestamp } from '../../src/common/timestamps.js';

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
