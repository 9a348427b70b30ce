import { Schedule } from '../../src/common/schedule.js';

const EVERY_MS = 1_000;

describe('a schedule', () => {
  /** How the runs that were started end, in their order. */
  let runs: { end: () => void; fail: (error: Error) => void }[];
  let faults: unknown[];
  let schedule: Schedule;

  beforeEach(() => {
    jest.useFakeTimers();
    [runs, faults] = [[], []];
    schedule = new Schedule({
      everyMs: EVERY_MS,
      run: () => new Promise<void>((end, fail) => runs.push({ end, fail })),
      onFault: (error) => faults.push(error),
    });
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

  it('stops at once when nothing runs', async () => {
    await schedule.stop();
    await pass(3);
    expect(runs).toHaveLength(0);
  });
});
