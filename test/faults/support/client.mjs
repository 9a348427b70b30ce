/** HTTP as an ordinary client speaks it: over connections that are kept. */
import * as http from 'node:http';
import * as https from 'node:https';

/** Longer than any promise, so that a broken one is seen. */
const PATIENCE_MS = 30_000;

export class Client {
  #agent;
  #speak;
  #next = 0;

  /** @param of how many addresses its requests come, by X-Forwarded-For */
  constructor(url, { connections = 64, network = 10 } = {}) {
    this.url = new URL(url);
    this.network = network;
    this.#speak = this.url.protocol === 'https:' ? https : http;
    // A certificate of the test's own.
    this.#agent = new this.#speak.Agent({ keepAlive: true, maxSockets: connections, rejectUnauthorized: false });
  }

  /** An address of its own, as another household has: limits are of addresses. */
  anywhere() {
    this.#next += 1;
    return `${this.network}.${(this.#next >> 16) & 255}.${(this.#next >> 8) & 255}.${this.#next & 255}`;
  }

  /**
   * @returns status 0 where there was no answer: its outcome is not known
   */
  send(method, path, { body, token, headers = {}, from = this.anywhere() } = {}) {
    const startedAt = performance.now();
    const text = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((done) => {
      const end = (status, rest) =>
        done({
          what: `${method} ${path.replace(/\d+|\?.*/g, '…')}`,
          status,
          ms: performance.now() - startedAt,
          headers: {},
          ...rest,
        });
      const sent = this.#speak.request(
        {
          agent: this.#agent,
          host: this.url.hostname,
          port: this.url.port,
          method,
          path,
          timeout: PATIENCE_MS,
          headers: {
            'x-forwarded-for': from,
            ...(token && { authorization: `Bearer ${token}` }),
            ...(text !== undefined && {
              'content-type': 'application/json',
              'content-length': Buffer.byteLength(text),
            }),
            ...headers,
          },
        },
        (answer) => {
          const chunks = [];
          answer.on('data', (chunk) => chunks.push(chunk));
          answer.on('error', (error) => end(0, { error: error.code ?? error.message }));
          answer.on('end', () => {
            if (!answer.complete) return end(0, { error: 'cut' });
            const said = Buffer.concat(chunks).toString();
            const isJson = /json/.test(answer.headers['content-type'] ?? '');
            return end(answer.statusCode, { headers: answer.headers, body: isJson ? JSON.parse(said) : said });
          });
        },
      );
      sent.on('timeout', () => sent.destroy(new Error('no answer')));
      sent.on('error', (error) => end(0, { error: error.code ?? error.message }));
      sent.end(text);
    });
  }

  close() {
    this.#agent.destroy();
  }
}
