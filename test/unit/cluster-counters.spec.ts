import type { Policy } from '../../src/limits/policies.js';
import { ClusterCounters } from '../../src/workers/cluster-counters.js';
import { Line } from '../../src/workers/line.js';
import { PrimaryCounters } from '../../src/workers/primary-counters.js';
import { type Counted, SharedWindows } from '../../src/workers/shared-windows.js';

const USER: Policy = { name: 'user', limit: 1_200, windowMs: 60_000 };
const EXACT: Policy = { name: 'export', limit: 10, windowMs: 3_600_000 };

/** A primary and its workers in one process; messages arrive at once, or are lost. */
class Machine {
  messages = 0;
  isSilent = false;
  readonly workers: ClusterCounters[];
  private readonly primary = new PrimaryCounters((worker, counted) => this.workers[worker]?.learn(counted));

  constructor(size: number) {
    this.workers = Array.from({ length: size }, (_, id) => {
      const count = (counted: Counted): number | undefined => this.primary.count(id, this.workers.keys(), counted);
      const primary = new Line((answer) => void worker.receive(answer), {
        count,
        counted: (all: Counted[]) => {
          all.forEach(count);
        },
      });
      const worker = new Line((message) => {
        this.messages += 1;
        if (!this.isSilent) void primary.receive(message);
      }, {});
      return new ClusterCounters(worker, size);
    });
  }

  /** @returns how many of so many hits pass, by turns from worker to worker */
  async passing(policy: Policy, hits: number, through = this.workers): Promise<number> {
    let passed = 0;
    for (let hit = 0; hit < hits; hit += 1)
      passed += ((await through[hit % through.length]?.hit(policy, 'x'))?.hits ?? 0) > policy.limit ? 0 : 1;
    return passed;
  }
}

describe('limits of several workers', () => {
  beforeEach(() => jest.useFakeTimers({ now: 0 }));
  afterEach(() => jest.useRealTimers());

  it.each([1, 2, 7, 64])('are exact where they have to be: %d workers', async (size) => {
    const machine = new Machine(size);
    expect(await machine.passing(EXACT, 30)).toBe(10);
    jest.advanceTimersByTime(EXACT.windowMs);
    expect(await machine.passing(EXACT, 30)).toBe(10);
  });

  it.each([2, 7, 64])('are kept within a tenth by %d workers, also in a burst', async (size) => {
    const machine = new Machine(size);
    const passed = await machine.passing(USER, 3_000);
    expect(Math.abs(passed - USER.limit)).toBeLessThan(USER.limit / 10);
  });

  it('hold for a client that goes from one worker to the other', async () => {
    const machine = new Machine(2);
    const [one, two] = machine.workers as [ClusterCounters, ClusterCounters];
    expect(await machine.passing(USER, 3_000, [one])).toBe(USER.limit);
    expect(await machine.passing(USER, 3_000, [two])).toBeLessThan(USER.limit / 10);
  });

  it('cost no message far from a limit, and none beyond it', async () => {
    const machine = new Machine(2);
    await machine.passing(USER, 40);
    expect(machine.messages).toBe(0);
    await machine.passing(USER, 1_300);
    const { messages } = machine;
    await machine.passing(USER, 1_000);
    expect(machine.messages).toBe(messages);
  });

  it('end at different moments for addresses side by side', () => {
    const windows = new SharedWindows();
    const sixths = Array.from({ length: 200 }, (_, n) =>
      Math.ceil(windows.hit(USER, `198.51.100.${n}`).secondsLeft / 10),
    );
    for (const sixth of [1, 2, 3, 4, 5, 6]) expect(sixths.filter((each) => each === sixth).length).toBeGreaterThan(16);
  });

  it('are those of the worker alone when the primary is silent', async () => {
    const machine = new Machine(2);
    machine.isSilent = true;
    const hit = machine.workers[0]?.hit(EXACT, 'x');
    jest.advanceTimersByTime(1_000);
    expect((await hit)?.hits).toBe(1);
  });
});
