import { randomBytes } from 'node:crypto';

import {
  hashOf,
  isWellFormed,
  lastFourOf,
  TOKEN_LENGTH,
  TOKEN_PATTERN,
  tokenOf,
} from '../../src/auth/personal-tokens/token-format.js';

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

describe('a personal access token', () => {
  it.each([
    ['zeros', Buffer.alloc(32, 0)],
    ['ones', Buffer.alloc(32, 255)],
    ['a small number', Buffer.from([...Array<number>(31).fill(0), 1])],
  ])('of %s has the length and the shape of all others', (_, bytes) => {
    const token = tokenOf(bytes);
    expect(token).toMatch(new RegExp(TOKEN_PATTERN));
    expect(token).toHaveLength(TOKEN_LENGTH);
    expect(isWellFormed(token)).toBe(true);
  });

  it('is of these bytes for ever: tokens that were given out stay valid', () => {
    expect(tokenOf(Buffer.alloc(32, 7))).toBe('roost_pat_1US517G5965aydkZ46HS38QLi7UQiSojurfbQfKCELFx2SmhEG');
  });

  it('holds all 256 bits', () => {
    const bytes = randomBytes(32);
    const tokens = Array.from({ length: 256 }, (_, bit) => {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      return tokenOf(changed);
    });
    expect(new Set([...tokens, tokenOf(bytes)]).size).toBe(257);
  });

  it('has no characters that look alike', () => {
    const text = Array.from({ length: 200 }, () => tokenOf(randomBytes(32)).slice('roost_pat_'.length)).join('');
    expect(text).not.toMatch(/[0OIl_-]/);
  });

  it('is one word: nothing of it is left out by a double click', () => {
    expect(tokenOf(randomBytes(32))).toMatch(/^\w+$/);
  });

  it('does not stand a wrong character, wherever it is', () => {
    const token = tokenOf(randomBytes(32));
    for (let place = 'roost_pat_'.length; place < token.length; place += 1) {
      for (const wrong of ALPHABET) {
        if (wrong === token[place]) continue;
        expect([place, wrong, isWellFormed(token.slice(0, place) + wrong + token.slice(place + 1))]).toEqual([
          place,
          wrong,
          false,
        ]);
      }
    }
  });

  it('does not stand two characters that changed places', () => {
    const token = tokenOf(randomBytes(32));
    for (let place = 'roost_pat_'.length; place + 1 < token.length; place += 1) {
      const [one, other] = [token[place] ?? '', token[place + 1] ?? ''];
      if (one === other) continue;
      expect(isWellFormed(token.slice(0, place) + other + one + token.slice(place + 2))).toBe(false);
    }
  });

  it.each([
    ['nothing', () => ''],
    ['its prefix alone', () => 'roost_pat_'],
    ['less', (token: string) => token.slice(0, -1)],
    ['more', (token: string) => `${token}1`],
    ['a space after it', (token: string) => `${token} `],
    ['a line break after it', (token: string) => `${token}\n`],
    ['another prefix', (token: string) => token.replace('pat', 'bat')],
    ['capitals', (token: string) => token.toUpperCase()],
  ])('is not %s', (_, change) => {
    expect(isWellFormed(change(tokenOf(randomBytes(32))))).toBe(false);
  });

  it('is stored as its hash, of 256 bits, and told from others by its end', () => {
    const token = tokenOf(randomBytes(32));
    expect(hashOf(token)).toHaveLength(32);
    expect(token.endsWith(lastFourOf(token))).toBe(true);
  });
});
