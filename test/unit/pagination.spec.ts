import fc from 'fast-check';

import { type CursorKey, Cursors, Page } from '../../src/common/pagination.js';

describe('Cursors', () => {
  const cursors = new Cursors([Buffer.alloc(32, 1)]);
  const KEY: CursorKey = ['2026-01-01T00:00:00.000Z', 42];
  const cursor = cursors.encode('users email alice', KEY);
  const refused = { code: 'validation_failed', fields: [{ pointer: '#/cursor', code: 'invalid_cursor' }] };

  const decoded = (scope: string, text: string): unknown => {
    try {
      return cursors.decode(scope, text);
    } catch (error) {
      return error;
    }
  };

  it('come back as they were, any text in them', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(), fc.string(), (text, id, scope) => {
        expect(cursors.decode(scope, cursors.encode(scope, [text, id]))).toEqual([text, id]);
      }),
    );
  });

  it('are refused with any bit flipped [T41]', () => {
    const bytes = Buffer.from(cursor, 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const flipped = Buffer.from(bytes);
      flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(decoded('users email alice', flipped.toString('base64url'))).toMatchObject(refused);
    }
  });

  it('are refused cut, extended, respelled or made up', () => {
    const others = [
      ...Array.from({ length: cursor.length }, (_, end) => cursor.slice(0, end)),
      `${cursor}A`,
      `${cursor}=`,
      `${cursor}\n`,
      ` ${cursor}`,
      Buffer.from(cursor, 'base64url').toString('base64').replace(/=*$/, '=='),
      'AAAA',
      "' OR 1=1--",
      '\u{1F600}',
      Buffer.from('["2026-01-01",1]').toString('base64url'),
    ];
    for (const other of others) expect(decoded('users email alice', other)).toMatchObject(refused);
  });

  it('are refused for another list, order or person, and under another key [T41]', () => {
    for (const scope of [
      'users email bob',
      'users -created_at alice',
      'sessions email alice',
      'users email alic',
      'users email alice ',
      '',
    ])
      expect(decoded(scope, cursor)).toMatchObject(refused);
    expect(() => new Cursors([Buffer.alloc(32, 2)]).decode('users email alice', cursor)).toThrow('validation_failed');
  });
});

describe('Page.cut', () => {
  const cut = (rows: readonly number[]): Page<number> => Page.cut(rows, 2, (last) => `after ${last}`);

  it('has a next page only when a row is left over', () => {
    expect(cut([])).toEqual({ items: [], next: undefined });
    expect(cut([1, 2])).toEqual({ items: [1, 2], next: undefined });
    expect(cut([1, 2, 3])).toEqual({ items: [1, 2], next: 'after 2' });
  });
});
