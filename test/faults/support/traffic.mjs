/** So many requests a second, whatever their answers take: reads and writes, of many people over kept connections. */
import { Writers } from './writers.mjs';
import { delay } from './time.mjs';

/** A person may send 20 a second. */
const PEOPLE_OF_RATE = 10;

export class Traffic {
  failed = [];
  sent = 0;
  longestMs = 0;
  #people = [];
  #underWay = new Set();
  #stopped = false;
  #closed = false;
  #names = 0;

  constructor(url, { ledger, rate }) {
    this.ledger = ledger;
    this.rate = rate;
    this.writers = new Writers(url, ledger);
    this.client = this.writers.client;
  }

  async start() {
    for (let left = this.rate / PEOPLE_OF_RATE; left > 0; left -= 1) this.#people.push(await this.writers.join());
    this.running = this.#run();
  }

  /** Resolves when every request has its end. */
  async stop() {
    this.#stopped = true;
    await this.running;
    await Promise.all(this.#underWay);
  }

  /** Resolves when nothing is sent, also in the middle of everything. No answer is acknowledged from now on. */
  async close() {
    this.#stopped = true;
    this.#closed = true;
    this.client.close();
    await this.running;
    await Promise.allSettled(this.#underWay);
  }

  async #run() {
    const startedAt = performance.now();
    while (!this.#stopped) {
      const due = ((performance.now() - startedAt) * this.rate) / 1_000;
      while (this.sent < due) this.#track(this.#send((this.sent += 1)));
      await delay(5);
    }
  }

  #track(request) {
    this.#underWay.add(request);
    // A request that failed stays there: stop() throws its error.
    request.then(
      () => this.#underWay.delete(request),
      () => undefined,
    );
  }

  async #send(number) {
    const { token } = this.#people[number % this.#people.length];
    const kind = ['tasks', 'task', 'timeline', 'post'][number % 4];
    if (kind === 'tasks' || kind === 'timeline')
      return this.#judge(await this.#ask('GET', `/${kind}?limit=5`, { token }));
    const name = `${kind}-${this.writers.run}-n${(this.#names += 1)}`;
    const entry = this.ledger.begin(kind, name);
    const [path, body] = kind === 'task' ? ['/tasks', { title: name }] : ['/posts', { text: name }];
    const answer = await this.#ask('POST', path, { token, body });
    if (this.#closed) return;
    if (answer.status === 201) await this.ledger.acknowledge(entry);
    else entry.isUnknown = true;
    return this.#judge(answer);
  }

  #ask(method, path, options) {
    return this.client.send(method, `/api/v1${path}`, options);
  }

  #judge({ status, ms, error, body }) {
    this.longestMs = Math.max(this.longestMs, ms);
    if (status < 200 || status > 299) this.failed.push(`${status} ${error ?? body?.code ?? ''}`);
  }
}
