import { Activity, REST, Schedule } from '../../src/common/schedule.js';

const EVERY_MS = 1_000;

describe('a schedule', () => {
  /** How the runs that were started end, in their order. */
  let runs: { end: () => void; fail: (error: Error) => void }[];
  let faults: unknown[];
  let schedule: Schedule;

  /** What was asked for when pauses were chosen. */
  let bounds: [number, number][];

  beforeEach(() => {
    jest.useFakeTimers();
    bounds = [];
    [runs, faults] = [[], []];
    schedule = new Schedule(
      {
        everyMs: EVERY_MS,
        run: () => new Promise<void>((end, fail) => runs.push({ end, fail })),
        onFault: (error) => faults.push(error),
      },
      (least, most) => {
        bounds.push([least, most]);
        return Math.min(EVERY_MS, most);
      },
    );
    schedule.start();
  });

  afterEach(async () => {
    for (const { end } of runs) end();
    await schedule.stop();
    jest.useRealTimers();
  });

  const pass = (pauses: number): Promise<void> => jest.advanceTimersByTimeAsync(pauses * EVERY_MS);

  it('runs after each pause', async () => {
    expect(runs).toHaveLength(0);
    for (const count of [1, 2, 3]) {
      await pass(1);
      expect(runs).toHaveLength(count);
      runs.at(-1)?.end();
    }
  });

  it('chooses each pause at random, so that instances that start together do not run together', async () => {
    await pass(1);
    expect(bounds).toEqual([
      [EVERY_MS, EVERY_MS],
      [0.9 * EVERY_MS, 1.1 * EVERY_MS],
    ]);
  });

  it('runs for the first time within a minute, however long its pauses are', async () => {
    const hourly = { everyMs: 3_600_000, run: jest.fn(() => Promise.resolve()), onFault: () => undefined };
    const slow = new Schedule(hourly);
    slow.start();
    await jest.advanceTimersByTimeAsync(60_000);
    expect(hourly.run).toHaveBeenCalledTimes(1);
    await slow.stop();
  });

  it('never runs twice at once, however long a run lasts, and goes on afterwards', async () => {
    await pass(5);
    expect(runs).toHaveLength(1);
    runs[0]?.end();
    await pass(1);
    expect(runs).toHaveLength(2);
  });

  it('tells of a fault, and tries again', async () => {
    await pass(1);
    const fault = new Error('no database');
    runs[0]?.fail(fault);
    await pass(1);
    expect([faults, runs.length]).toEqual([[fault], 2]);
  });

  it('stops when the run under way has ended, and starts none after it', async () => {
    await pass(3);
    let stopped = false;
    const stopping = schedule.stop().then(() => (stopped = true));
    await pass(3);
    expect([stopped, runs.length]).toEqual([false, 1]);
    runs[0]?.end();
    await stopping;
    await pass(3);
    expect(runs).toHaveLength(1);
  });

  it('rests while it may, and then runs as before, but never rests too long', async () => {
    const activity = new Activity();
    const resumed = jest.fn();
    activity.onResumed(resumed);
    const run = jest.fn(() => Promise.resolve());
    const resting = new Schedule({ everyMs: EVERY_MS, run, onFault: () => undefined, rests: () => activity.isIdle });
    resting.start();
    await jest.advanceTimersByTimeAsync(REST.afterMs + 2 * EVERY_MS);
    const before = run.mock.calls.length;
    expect(before).toBeGreaterThan(20);
    await jest.advanceTimersByTimeAsync(REST.longestMs / 2);
    expect(run).toHaveBeenCalledTimes(before);
    await jest.advanceTimersByTimeAsync(REST.longestMs / 2 + 2 * EVERY_MS);
    expect(run).toHaveBeenCalledTimes(before + 1);
    expect(resumed).not.toHaveBeenCalled();
    activity.use();
    activity.use();
    expect(resumed).toHaveBeenCalledTimes(1);
    await jest.advanceTimersByTimeAsync(2 * EVERY_MS);
    expect(run.mock.calls.length).toBeGreaterThan(before + 1);
    await resting.stop();
  });

  it('stops at once when nothing runs', async () => {
    await schedule.stop();
    await pass(3);
    expect(runs).toHaveLength(0);
  });
});
