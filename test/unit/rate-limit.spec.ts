import { CounterStorage } from '../../src/limits/rate-limit.js';

describe('CounterStorage', () => {
  beforeEach(() => jest.useFakeTimers({ now: 0 }));
  afterEach(() => jest.useRealTimers());

  it('blocks from the first hit over the limit until the window ends', async () => {
    const storage = new CounterStorage();
    const blocked = async (): Promise<boolean> => (await storage.increment('a', 60_000, 3)).isBlocked;
    expect([await blocked(), await blocked(), await blocked(), await blocked()]).toEqual([false, false, false, true]);
    jest.advanceTimersByTime(59_999);
    expect(await blocked()).toBe(true);
    jest.advanceTimersByTime(1);
    expect(await blocked()).toBe(false);
  });

  it('says how many hits there were and when the window ends, in whole seconds from 1', async () => {
    const storage = new CounterStorage();
    expect(await storage.increment('a', 60_000, 3)).toEqual({
      totalHits: 1,
      timeToExpire: 60,
      isBlocked: false,
      timeToBlockExpire: 60,
    });
    jest.advanceTimersByTime(59_500);
    expect(await storage.increment('a', 60_000, 3)).toMatchObject({ totalHits: 2, timeToExpire: 1 });
  });

  it('counts keys apart', async () => {
    const storage = new CounterStorage();
    await storage.increment('a', 1_000, 1);
    expect(await storage.increment('b', 1_000, 1)).toMatchObject({ totalHits: 1 });
  });

  it('loses no window that runs while the ended ones are swept', async () => {
    const storage = new CounterStorage();
    await storage.increment('long', 3_600_000, 20);
    for (let minute = 0; minute < 5; minute += 1) {
      jest.advanceTimersByTime(60_000);
      await storage.increment(`short ${minute}`, 1_000, 1);
    }
    expect(await storage.increment('long', 3_600_000, 20)).toMatchObject({ totalHits: 2 });
  });

  it('forgets the oldest in a flood of addresses, so that memory is bounded', async () => {
    const storage = new CounterStorage();
    for (let n = 0; n <= 200_000; n += 1) await storage.increment(`address ${n}`, 60_000, 1);
    expect(await storage.increment('address 200000', 60_000, 1)).toMatchObject({ totalHits: 2 });
    expect(await storage.increment('address 1', 60_000, 1)).toMatchObject({ totalHits: 2 });
    expect(await storage.increment('address 0', 60_000, 1)).toMatchObject({ totalHits: 1 });
  });
});
