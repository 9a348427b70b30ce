/** Clients that break the rules of HTTP, and leave in the middle of everything. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

import { head } from './raw.js';

import { spellingsOf } from '../../src/common/text.js';

const LOGIN = 'POST /api/v1/auth/login';
const JSON_TYPE = 'Content-Type: application/json';
const CHUNKED = 'Transfer-Encoding: chunked';
const MANY_BYTES = 5_000_000;

/** What clients send, by what it is. @param authorization a header field of somebody who is logged in */
export function hostileBytes(authorization: string): Record<string, string> {
  const credentials = JSON.stringify({ email: 'nobody@example.org', password: 'wrong password' });
  const login = head(LOGIN, JSON_TYPE, `Content-Length: ${credentials.length}`) + credentials;
  const posted = (body: string, ...lines: string[]): string =>
    head('PATCH /api/v1/users/me', JSON_TYPE, authorization, ...lines) + body;
  const sized = (body: string): string => posted(body, `Content-Length: ${Buffer.byteLength(body)}`);
  return {
    nothing: '',
    garbage: '\x00\x01\xff\r\n\r\n',
    'TLS hello': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' + '\x7f'.repeat(500),
    'the preface of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00',
    'a request of HTTP/0.9': 'GET /\r\n',
    'a version of 9.9': head('GET /health/live').replace('HTTP/1.1', 'HTTP/9.9'),
    'the line of a proxy': `PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n${head('GET /health/live')}`,
    'the signature of a proxy': `\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c${'\x01'.repeat(12)}${head('GET /health/live')}`,
    'empty lines': '\r\n'.repeat(5_000) + head('GET /health/live'),
    'bare line feeds': head('GET /health/live').replaceAll('\r\n', '\n'),
    'a folded field': head('GET /health/live', 'X-A: a\r\n b'),
    'a head over the limit': head('GET /health/live', `X-A: ${'a'.repeat(100_000)}`),
    '1,000 fields': head('GET /health/live', ...Array.from({ length: 1_000 }, (_, n) => `X-${n}: a`)),
    'two hosts': head('GET /health/live', 'Host: b'),
    'no host': 'GET /health/live HTTP/1.1\r\n\r\n',
    'an absolute address': head('GET http://[::1/health/live'),
    'an asterisk': head('OPTIONS *'),
    'a broken address': head('GET /%ff%'),
    'an unknown method': head('FOO /health/live'),
    'CONNECT and what follows': head('CONNECT x:1') + head('GET /health/live').repeat(3),
    'an upgrade': head('GET /health/live', 'Upgrade: websocket', 'Connection: upgrade') + '\x81\x00',
    'an upgrade to HTTP/2': head('GET /health/live', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'),
    'an expectation': posted('{}', 'Content-Length: 2', 'Expect: 100-continue'),
    'an unknown expectation': posted('{}', 'Content-Length: 2', 'Expect: a-miracle'),
    'a body of GET': head('GET /api/v1/users/me', authorization, 'Content-Length: 3') + 'abc',
    'both kinds of length': posted('0\r\n\r\n', CHUNKED, 'Content-Length: 4'),
    'two lengths': posted('{}', 'Content-Length: 2', 'Content-Length: 3'),
    'a negative length': posted('{}', 'Content-Length: -2'),
    'a length of 30 digits': posted('{}', `Content-Length: ${'9'.repeat(30)}`),
    'a chunk of 30 digits': posted(`${'f'.repeat(30)}\r\n{}`, CHUNKED),
    'a broken chunk': posted('zz\r\n{}\r\n0\r\n\r\n', CHUNKED),
    'a huge chunk extension': posted(`2;a=${'b'.repeat(100_000)}\r\n{}\r\n0\r\n\r\n`, CHUNKED),
    'many chunk extensions': posted('2;a=bcdefgh\r\n{}\r\n'.repeat(5_000) + '0\r\n\r\n', CHUNKED),
    'unfinished trailers': posted(`2\r\n{}\r\n0\r\nX-A: b\r\nX-B`, CHUNKED),
    'many trailers': posted(`2\r\n{}\r\n0\r\n${'X-A: b\r\n'.repeat(5_000)}\r\n`, CHUNKED),
    'a body that ends too soon': posted('{"bio":', 'Content-Length: 100'),
    'a body of 5 MB': sized(`{"bio":"${'a'.repeat(MANY_BYTES)}"}`),
    'a chunked body of 5 MB': posted(`${MANY_BYTES.toString(16)}\r\n${'a'.repeat(MANY_BYTES)}\r\n0\r\n\r\n`, CHUNKED),
    'a deep body': sized('['.repeat(90_000)),
    'a broken body': sized('{"bio":"\xff\\ud800'),
    'a body with a prototype': sized('{"__proto__":{"bio":1},"constructor":{"prototype":1}}'),
    'a body in gzip': posted('\x1f\x8b\x08', 'Content-Length: 3', 'Content-Encoding: gzip'),
    '1,000 requests at once': 'GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(1_000),
    'a slow login': login,
    'a slow login, and CONNECT': login.replace('Connection: close\r\n', '') + head('CONNECT x:1'),
    'an export': head('GET /api/v1/users/me/export', authorization),
    'a stream': head('GET /api/v1/timeline/stream', authorization),
    'the document, often': 'GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(5),
  };
}

/** What clients do with these bytes; each ends when its connection has. */
export const MANNERS: Record<string, (client: Socket, bytes: Buffer) => unknown> = {
  'close their half, and read': (client, bytes) => {
    client.resume().end(bytes);
  },
  'close their half, and leave with the first byte of the answer': (client, bytes) => {
    client.once('data', () => client.resetAndDestroy()).end(bytes);
  },
  'reset before the first byte': (client) => client.resetAndDestroy(),
  'reset after the first byte': (client, bytes) => resetAfter(client, bytes.subarray(0, 1)),
  'reset in the middle': (client, bytes) => resetAfter(client, bytes.subarray(0, bytes.length / 2)),
  'reset before the last byte': (client, bytes) => resetAfter(client, bytes.subarray(0, -1)),
  'reset after the last byte': (client, bytes) => resetAfter(client, bytes),
  'never read, and reset': (client, bytes) => resetAfter(client.pause(), Buffer.concat([bytes, bytes])),
  'write in three parts': async (client, bytes) => {
    const third = Math.ceil(bytes.length / 3);
    for (const at of [0, third, 2 * third]) await written(client, bytes.subarray(at, at + third));
    client.resume().end();
  },
};

async function resetAfter(client: Socket, bytes: Buffer): Promise<void> {
  await written(client, bytes);
  client.resetAndDestroy();
}

/** Or lost: the server may have closed. */
function written(client: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    client.write(bytes, () => {
      resolve();
    });
    client.once('close', () => {
      resolve();
    });
    setImmediate(resolve);
  });
}

/** @returns what the client was answered */
export async function attack(url: string, bytes: string, manner: (typeof MANNERS)[string]): Promise<string> {
  const client = connect(Number(new URL(url).port), '127.0.0.1');
  const chunks: Buffer[] = [];
  const closed = new Promise((resolve) => client.once('close', resolve));
  client.on('error', () => undefined);
  await once(client, 'connect');
  client.on('data', (chunk) => chunks.push(chunk));
  await manner(client, Buffer.from(bytes, 'latin1'));
  await closed;
  return Buffer.concat(chunks).toString('latin1');
}

/** Of the application, which Node runs and not Jest: what it does with strings is watched there. */
export const STRINGS = (spellingsOf.constructor as FunctionConstructor)(
  'return String.prototype',
)() as typeof String.prototype;
