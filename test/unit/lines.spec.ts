import { Readable } from 'node:stream';

import { linesOf } from '../../src/common/files/lines.js';

async function read(...chunks: Buffer[]): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of linesOf(Readable.from(chunks) as AsyncIterable<Buffer>)) lines.push(line);
  return lines;
}

const TEXT = 'one\u2028two\u2029three\u0085\n\n«ü» 🦉\r\n{"last":1}';
const LINES = ['one\u2028two\u2029three\u0085', '', '«ü» 🦉\r', '{"last":1}'];

describe('lines', () => {
  it('end at a line feed alone', async () => {
    expect(await read(Buffer.from(TEXT))).toEqual(LINES);
    expect(await read(Buffer.from(`${TEXT}\n`))).toEqual(LINES);
    expect(await read()).toEqual([]);
  });

  it('are the same however they arrive', async () => {
    const bytes = Buffer.from(TEXT);
    for (let size = 1; size <= bytes.length; size += 1) {
      const count = Math.ceil(bytes.length / size);
      const chunks = Array.from({ length: count }, (_, at) => bytes.subarray(at * size, (at + 1) * size));
      expect(await read(...chunks)).toEqual(LINES);
    }
  });
});
