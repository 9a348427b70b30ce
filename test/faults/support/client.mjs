/** HTTP as an ordinary client speaks it: over connections that are kept. */
import * as http from 'node:http';
import * as https from 'node:https';

/** Longer than any promise, so that a broken one is seen. */
const PATIENCE_MS = 30_000;

export class Client {
  #agent;
  #speak;
  #next = 0;
  #closed = false;
  /** Each request that has no end yet, and what ends it. */
  #underWay = new Map();

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
    const what = `${method} ${path.replace(/\d+|\?.*/g, '…')}`;
    if (this.#closed) return Promise.resolve({ what, status: 0, ms: 0, headers: {}, error: 'closed' });
    const text = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((done) => {
      const end = (status, rest) => {
        this.#underWay.delete(sent);
        done({ what, status, ms: performance.now() - startedAt, headers: {}, ...rest });
      };
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
      this.#underWay.set(sent, end);
      sent.on('timeout', () => sent.destroy(new Error('no answer')));
      sent.on('error', (error) => end(0, { error: error.code ?? error.message }));
      sent.end(text);
    });
  }

  /** What is under way has no answer, and nothing is sent from now on. */
  close() {
    this.#closed = true;
    // Those that wait for a connection, too, which the agent does not end.
    for (const [sent, end] of this.#underWay) {
      sent.destroy();
      end(0, { error: 'closed' });
    }
    this.#agent.destroy();
  }
}
