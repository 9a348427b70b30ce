import { AppError } from '../../src/common/errors.js';
import { hashesAtOnce, HashQueue, type HashQueueOptions } from '../../src/auth/hashing/hash-queue.js';

/** Work that ends when the test says so, and a clock that stands still until then. */
class Bench {
  readonly started: string[] = [];
  private readonly ends = new Map<string, { resolve: () => void; reject: (error: Error) => void }>();
  private time = 0;
  private readonly queue: HashQueue;

  constructor(options: Partial<HashQueueOptions> & { concurrency: number }) {
    this.queue = new HashQueue(options, () => this.time);
  }

  get isFull(): boolean {
    return this.queue.isFull;
  }

  run(name: string, isGone?: () => boolean): Promise<string> {
    return this.queue.run(async () => {
      this.started.push(name);
      await new Promise<void>((resolve, reject) => this.ends.set(name, { resolve, reject }));
      return name;
    }, isGone);
  }

  async end(name: string, { after = 0 } = {}): Promise<void> {
    this.time += after;
    this.ends.get(name)?.resolve();
    await settled();
  }

  async fail(name: string): Promise<void> {
    this.ends.get(name)?.reject(new Error(name));
    await settled();
  }
}

/** Everything that is due has been done. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function refusal(promise: Promise<unknown>): Promise<AppError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AppError);
  return error as AppError;
}

describe('the queue of hashes', () => {
  it('does as many at once as it may, the others in the order in which they came', async () => {
    const bench = new Bench({ concurrency: 2 });
    const all = Promise.all(['a', 'b', 'c', 'd'].map((name) => bench.run(name)));
    await settled();
    expect(bench.started).toEqual(['a', 'b']);
    await bench.end('b');
    expect(bench.started).toEqual(['a', 'b', 'c']);
    for (const name of ['c', 'a', 'd']) await bench.end(name);
    expect(await all).toEqual(['a', 'b', 'c', 'd']);
  });

  it('goes on after work that failed, and hands its error on', async () => {
    const bench = new Bench({ concurrency: 1 });
    const [failing, next] = [bench.run('a').catch(String), bench.run('b')];
    await settled();
    await bench.fail('a');
    expect(await failing).toBe('Error: a');
    expect(bench.started).toEqual(['a', 'b']);
    await bench.end('b');
    expect(await next).toBe('b');
  });

  it('goes on after work that throws before it begins', async () => {
    const queue = new HashQueue({ concurrency: 1 });
    const broken = queue.run(() => {
      throw new Error('no salt');
    });
    await expect(broken).rejects.toThrow('no salt');
    expect(await queue.run(() => Promise.resolve('next'))).toBe('next');
  });

  it('refuses whoever would wait too long, and says when those who wait are done', async () => {
    const bench = new Bench({ concurrency: 2, maxWaitMs: 5_000 });
    const first = bench.run('first');
    await settled();
    await bench.end('first', { after: 1_000 });
    await first;
    // Two at once, of a second each: whoever finds ten there begins after 5 s, and the next one after 5.5 s.
    const admitted = Array.from({ length: 11 }, (_, index) => bench.run(String(index)));
    expect(bench.isFull).toBe(true);
    const refused = await refusal(bench.run('one too many'));
    expect([refused.code, refused.retryAfterSeconds]).toEqual(['overloaded', 6]);
    await bench.end('0');
    expect(bench.isFull).toBe(false);
    admitted.push(bench.run('in the place that became free'));
    for (let index = 1; index < 11; index += 1) await bench.end(String(index));
    await bench.end('in the place that became free');
    expect(await Promise.all(admitted)).toHaveLength(12);
  });

  it('waits for fewer as hashes get slower', async () => {
    const bench = new Bench({ concurrency: 1, maxWaitMs: 1_000 });
    const slower = async (name: string, after: number): Promise<void> => {
      const done = bench.run(name);
      await settled();
      await bench.end(name, { after });
      await done;
    };
    await slower('fast', 100);
    await slower('slow', 5_000);
    void bench.run('running');
    void bench.run('waiting');
    await settled();
    expect(bench.isFull).toBe(true);
  });

  it('refuses nobody while a place to work is free, however slow the last hash was', async () => {
    const bench = new Bench({ concurrency: 1, maxWaitMs: 1_000 });
    const slow = bench.run('slow');
    await settled();
    await bench.end('slow', { after: 60_000 });
    await slow;
    void bench.run('next');
    await settled();
    expect(bench.started).toContain('next');
  });

  it('learns nothing of how long a hash takes from work that failed', async () => {
    const bench = new Bench({ concurrency: 1, maxWaitMs: 1_000 });
    const slow = bench.run('slow');
    await settled();
    await bench.end('slow', { after: 5_000 });
    await slow;
    for (let n = 0; n < 50; n += 1) {
      const failing = bench.run(`failing ${n}`).catch(() => undefined);
      await settled();
      await bench.fail(`failing ${n}`);
      await failing;
    }
    void bench.run('running');
    await settled();
    expect(bench.isFull).toBe(true);
  });

  it.each([
    { threads: 4, cores: 1, hashes: 1 },
    { threads: 4, cores: 2, hashes: 2 },
    { threads: 4, cores: 4, hashes: 3 },
    { threads: 4, cores: 64, hashes: 3 },
    { threads: 9, cores: 8, hashes: 8 },
    { threads: 1, cores: 8, hashes: 1 },
  ])('leaves a thread free: $hashes at once of $threads threads on $cores cores', ({ threads, cores, hashes }) => {
    expect(hashesAtOnce(threads, cores)).toBe(hashes);
  });

  it('is bounded before it knows how long a hash takes, and asks to come back in a second', async () => {
    const bench = new Bench({ concurrency: 1, maxWaiting: 2 });
    for (const name of ['running', 'waiting', 'waiting, too']) void bench.run(name);
    const refused = await refusal(bench.run('one too many'));
    expect([refused.code, refused.retryAfterSeconds]).toEqual(['overloaded', 1]);
  });

  it('hashes nothing for a client that hung up while it waited', async () => {
    const bench = new Bench({ concurrency: 1 });
    let gone = false;
    void bench.run('running');
    const [left, stayed] = [refusal(bench.run('left', () => gone)), bench.run('stayed')];
    gone = true;
    await settled();
    await bench.end('running');
    expect((await left).code).toBe('overloaded');
    expect(bench.started).toEqual(['running', 'stayed']);
    await bench.end('stayed');
    expect(await stayed).toBe('stayed');
  });
});
