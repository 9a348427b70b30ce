/** HTTP as bytes on a socket: what fetch would put in order, or refuse to send. */
import { connect } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/**
 * Sends bytes (latin1 for strings) and reads until the server closes: ask for `Connection: close`, or be refused.
 * @returns every answer on the connection, interim ones too
 */
export async function exchange(
  url: string,
  bytes: string | Uint8Array,
  /** Whether the client closes its half after the bytes. */
  { end = false } = {},
): Promise<RawAnswer[]> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  // The server may close before it has read everything.
  socket.on('error', () => undefined);
  socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  if (end) socket.end();
  await new Promise((resolve) => socket.once('close', resolve));
  return parse(Buffer.concat(chunks).toString('utf8'), String(bytes).startsWith('HEAD '));
}

/** As a client that reads nothing before all is written. @returns the head of the answer, and what follows it */
export async function answerAfterAll(url: string, head: string, body: string | Uint8Array): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  const chunks: Buffer[] = [];
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.on('error', () => undefined).pause();
  socket.write(head);
  await new Promise((resolve) => socket.write(body, resolve));
  socket.on('data', (chunk) => chunks.push(chunk)).resume();
  await closed;
  return Buffer.concat(chunks).toString();
}

/** The single answer to one request. */
export async function request(url: string, bytes: string | Uint8Array): Promise<RawAnswer> {
  const answers = await exchange(url, bytes);
  const [answer] = answers;
  if (answers.length !== 1 || answer === undefined)
    throw new Error(`${answers.length} answers to ${JSON.stringify(String(bytes).slice(0, 200))}`);
  return answer;
}

/** @param lines header fields after Host */
export function head(requestLine: string, ...lines: string[]): string {
  return [`${requestLine} HTTP/1.1`, 'Host: 127.0.0.1', 'Connection: close', ...lines, '', ''].join('\r\n');
}

function parse(stream: string, bodiless: boolean): RawAnswer[] {
  const answers: RawAnswer[] = [];
  let rest = Buffer.from(stream);
  while (rest.length > 0) {
    const end = rest.indexOf('\r\n\r\n');
    const [statusLine = '', ...fields] = rest.subarray(0, end).toString().split('\r\n');
    const headers = new Headers(fields.map((field) => field.split(/:\s*(.*)/s, 2) as [string, string]));
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1]);
    const length = bodiless || status < 200 ? 0 : Number(headers.get('content-length') ?? Infinity);
    rest = rest.subarray(end + 4);
    answers.push({ status, headers, text: rest.subarray(0, length).toString() });
    rest = rest.subarray(length);
  }
  return answers;
}
