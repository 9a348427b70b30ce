import fc from 'fast-check';

import { parseJson } from '../../src/http/input/json-body.js';

const parsed = (text: string): unknown => parseJson(Buffer.from(text));

describe('parseJson', () => {
  it('reads what JSON.stringify writes, byte for byte', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 20 }), (value) => {
        const text = JSON.stringify(value);
        expect(JSON.stringify(parsed(text))).toBe(text);
      }),
    );
  });

  it('throws nothing but its own errors, whatever the bytes [T39]', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), (bytes) => {
        try {
          parseJson(Buffer.from(bytes));
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^(?:malformed_json|json_too_deep)$/) });
        }
      }),
    );
  });

  it.each([
    ['[', ']'],
    ['{"a":', '}'],
    ['[{"a":', '}]'],
  ])('allows 32 levels of %s', (open, close) => {
    const levels = 32 / (open.length === 6 ? 2 : 1);
    const nested = (depth: number): string => `${open.repeat(depth)}1${close.repeat(depth)}`;
    expect(() => parsed(nested(levels))).not.toThrow();
    expect(() => parsed(nested(levels + 1))).toThrow('json_too_deep');
  });

  it('counts no brackets in strings', () => {
    for (const text of ['['.repeat(100), `\\"${'['.repeat(100)}`, `${'['.repeat(100)}\\\\`, '"[{'.repeat(50)]) {
      expect(parsed(JSON.stringify(text))).toBe(text);
    }
    expect(() => parsed(`"\\\\"${'['.repeat(33)}`)).toThrow('json_too_deep');
  });

  it('counts siblings once', () => {
    expect(parsed(`[${Array(100).fill('[]').join()}]`)).toHaveLength(100);
  });

  it('has nothing for an empty body', () => {
    expect(parsed('')).toBeUndefined();
  });
});
