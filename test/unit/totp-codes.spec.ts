import { base32, codeOf, matchingStep, otpauthUrl, stepOf } from '../../src/auth/totp/codes.js';

/** Of the RFCs' appendices, in ASCII. */
const SECRET = Buffer.from('12345678901234567890');

describe('one-time passwords', () => {
  it('are those of RFC 4226, appendix D', () => {
    const codes = ['755224', '287082', '359152', '969429', '338314', '254676', '287922', '162583', '399871', '520489'];
    expect(codes.map((_, counter) => codeOf(SECRET, counter))).toEqual(codes);
  });

  it.each([
    [59, '94287082'],
    [1_111_111_109, '07081804'],
    [1_111_111_111, '14050471'],
    [1_234_567_890, '89005924'],
    [2_000_000_000, '69279037'],
    [20_000_000_000, '65353130'],
  ])('are those of RFC 6238, appendix B, at second %i', (second, code) => {
    expect(codeOf(SECRET, stepOf(second), 8)).toBe(code);
  });

  it('fit the step of now and its neighbours, and no other', () => {
    const now = 1_234_567_890;
    const fitting = [-2, -1, 0, 1, 2].map((distance) => {
      const step = stepOf(now) + distance;
      return matchingStep(SECRET, codeOf(SECRET, step), now) === step;
    });
    expect(fitting).toEqual([false, true, true, true, false]);
  });

  it.each(['', '12345', '1234567', '      ', 'abcdef', '١٢٣٤٥٦'])('are not %j', (code) => {
    expect(matchingStep(SECRET, code, 59)).toBeUndefined();
  });

  it.each([
    ['', ''],
    ['f', 'MY'],
    ['foobar', 'MZXW6YTBOI'],
    ['12345678901234567890', 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'],
  ])('have the secret %j in the base 32 of RFC 4648: %s', (text, encoded) => {
    expect(base32(Buffer.from(text))).toBe(encoded);
  });

  it('are set up by an address that keeps every character of the account', () => {
    const url = new URL(otpauthUrl(SECRET, { issuer: 'Röst & Co', account: 'ada+tag@example.org' }));
    expect(decodeURIComponent(url.pathname)).toBe('//totp/Röst & Co:ada+tag@example.org'.slice(url.host ? 6 : 0));
    expect(Object.fromEntries(url.searchParams)).toEqual({
      secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ',
      issuer: 'Röst & Co',
      algorithm: 'SHA1',
      digits: '6',
      period: '30',
    });
  });
});
