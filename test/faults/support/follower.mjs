/** Somebody who reads the stream of new posts as docs/streaming.md says, whatever breaks. */
import { delay } from './time.mjs';

const SILENCE_MS = 30_000;

export class Follower {
  /** Of the stream, in its order. */
  streamed = [];
  /** From pages, after a reset. */
  read = new Set();
  resets = 0;
  connections = 0;
  #lastId;
  #stop = new AbortController();

  /** @param lastId of the event after which it begins */
  constructor(url, { client, token, lastId = '' }) {
    this.url = url;
    this.client = client;
    this.token = token;
    this.#lastId = lastId;
  }

  start() {
    this.#reading = this.#keepReading();
  }

  #reading;

  /** Resolves when it reads nothing, also when it never began. */
  async stop() {
    this.#stop.abort();
    await this.#reading;
  }

  has(text) {
    return this.read.has(text) || this.streamed.includes(text);
  }

  get doubled() {
    return this.streamed.length - new Set(this.streamed).size;
  }

  async #keepReading() {
    while (!this.#stop.signal.aborted) {
      await this.#readOnce().catch(() => undefined);
      await delay(1_000, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    }
  }

  async #readOnce() {
    this.connections += 1;
    const silence = new AbortController();
    let timer = setTimeout(() => silence.abort(), SILENCE_MS);
    const headers = {
      authorization: `Bearer ${this.token}`,
      'x-forwarded-for': '10.99.0.1',
      ...(this.#lastId && { 'last-event-id': this.#lastId }),
    };
    const signal = AbortSignal.any([this.#stop.signal, silence.signal]);
    try {
      const { body, status } = await fetch(`${this.url}/api/v1/timeline/stream`, { headers, signal });
      if (status !== 200) return;
      let rest = '';
      for await (const text of body.pipeThrough(new TextDecoderStream())) {
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), SILENCE_MS);
        const blocks = (rest + text).split('\n\n');
        rest = blocks.pop();
        for (const block of blocks)
          await this.#take(Object.fromEntries(block.split('\n').map((line) => line.split(/: ?(.*)/s, 2))));
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async #take({ id, event, data }) {
    if (event === 'post') this.streamed.push(JSON.parse(data).text);
    if (event === 'reset') {
      this.resets += 1;
      await this.#readPages();
    }
    if (id) this.#lastId = id;
  }

  /** Back to a post that is known. */
  async #readPages() {
    let path = '/api/v1/timeline?limit=100';
    while (path && !this.#stop.signal.aborted) {
      const { status, body, headers } = await this.client.send('GET', path, { token: this.token });
      if (status !== 200) {
        await delay(200);
        continue;
      }
      const isKnown = body.some(({ text }) => this.has(text));
      for (const { text } of body) this.read.add(text);
      path = isKnown ? undefined : /<([^>]+)>; rel="next"/.exec(headers.link ?? '')?.[1];
    }
  }
}
