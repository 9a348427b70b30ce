// @ts-check
/** Load on one server: connections that each send their next request as soon as the one before is answered. */
import { once } from 'node:events';
import { connect } from 'node:net';

/** @typedef {{ method: string, path: string, token?: string | undefined, body?: object | undefined, status?: number, answered?: (body: any) => void }} Request `status`: where those of a load differ */
/** @typedef {{ status?: number, next: (connection: number) => Request }} Work */
/** @typedef {{ answered: number, ends: number[], p50: number, p99: number }} Load */

/** Far more than come to a limit: each address is counted like a client of its own. */
const ADDRESSES = 16_384;
const END_OF_HEAD = Buffer.from('\r\n\r\n');

let requests = 0;

/**
 * @param {string} url
 * @param {number} count
 */
export async function openConnections(url, count) {
  const { hostname, port } = new URL(url);
  const connections = Array.from({ length: count }, () => new Connection(Number(port), hostname));
  await Promise.all(connections.map(({ ready }) => ready));
  return connections;
}

/**
 * @param {Connection[]} connections
 * @param {Work} work
 * @param {number} seconds
 * @returns {Promise<Load>} with latencies in milliseconds
 */
export async function load(connections, { status, next }, seconds) {
  /** @type {number[]} */
  const times = [];
  /** @type {number[]} */
  const ends = [];
  const until = performance.now() + seconds * 1_000;
  const keepAsking = async (/** @type {Connection} */ connection, /** @type {number} */ index) => {
    for (let now = performance.now(); now < until;) {
      const request = next(index);
      const answer = await connection.ask(request);
      if (answer.status !== (request.status ?? status))
        throw new Error(`${request.method} ${request.path} answered ${answer.status}: ${answer.body.toString()}`);
      const from = now;
      now = performance.now();
      times.push(now - from);
      ends.push(now);
      request.answered?.(JSON.parse(answer.body.toString()));
    }
  };
  await Promise.all(connections.map(keepAsking));
  times.sort((a, b) => a - b);
  return { answered: times.length, ends, p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
}

/** @param {number[]} sorted @param {number} share */
function quantile(sorted, share) {
  return Number(sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)]);
}

/** One request at a time, and as little work for it as there can be: the load shares the processors with the servers. */
class Connection {
  #socket;
  /** @type {Buffer} */
  #received = Buffer.alloc(0);
  /** @type {((answer: { status: number, head: string, body: Buffer }) => void) | undefined} */
  #answer;
  /** @type {((error: Error) => void) | undefined} */
  #fail;

  /**
   * @param {number} port
   * @param {string} host
   */
  constructor(port, host) {
    this.#socket = connect({ port, host, noDelay: true });
    this.ready = once(this.#socket, 'connect');
    this.#socket.on('data', (chunk) => this.#read(chunk));
    this.#socket.on('error', (error) => this.#fail?.(error));
    this.#socket.on('close', () => this.#fail?.(new Error('the server closed a connection')));
  }

  close() {
    this.#fail = undefined;
    this.#socket.destroy();
  }

  /**
   * @param {Request} request
   * @returns {Promise<{ status: number, head: string, body: Buffer }>}
   */
  ask({ method, path, token, body }) {
    requests = (requests + 1) % ADDRESSES;
    const text = body === undefined ? '' : JSON.stringify(body);
    const lines =
      `${method} ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\nuser-agent: bench\r\n` +
      `x-forwarded-for: 10.20.${requests >> 8}.${requests & 255}\r\n` +
      (token === undefined ? '' : `authorization: Bearer ${token}\r\n`) +
      (text === '' ? '' : `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n`);
    this.#socket.write(`${lines}\r\n${text}`);
    return new Promise((resolve, reject) => {
      this.#answer = resolve;
      this.#fail = reject;
    });
  }

  /** @param {Buffer} chunk */
  #read(chunk) {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const end = this.#received.indexOf(END_OF_HEAD);
    if (end < 0) return;
    const head = this.#received.toString('latin1', 0, end);
    const status = Number(head.slice(9, 12));
    const length = status === 204 ? 0 : Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1]);
    const begin = end + END_OF_HEAD.length;
    if (Number.isNaN(length)) this.#fail?.(new Error(`an answer without a length: ${head}`));
    if (this.#received.length < begin + length) return;
    const body = this.#received.subarray(begin, begin + length);
    this.#received = Buffer.alloc(0);
    this.#answer?.({ status, head, body });
  }
}
