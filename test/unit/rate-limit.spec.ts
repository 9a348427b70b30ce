import { networkOf } from '../../src/common/address.js';
import { MemoryCounters } from '../../src/limits/counters.js';

const policy = (windowMs: number, name = 'a') => ({ name, limit: 3, windowMs });

describe('MemoryCounters', () => {
  beforeEach(() => jest.useFakeTimers({ now: 0 }));
  afterEach(() => jest.useRealTimers());

  it('counts until the window ends', () => {
    const counters = new MemoryCounters();
    const hits = (): number => counters.hit(policy(60_000), 'x').hits;
    expect([hits(), hits(), hits(), hits()]).toEqual([1, 2, 3, 4]);
    jest.advanceTimersByTime(59_999);
    expect(hits()).toBe(5);
    jest.advanceTimersByTime(1);
    expect(hits()).toBe(1);
  });

  it('says when the window ends, in whole seconds from 1', () => {
    const counters = new MemoryCounters();
    expect(counters.hit(policy(60_000), 'x')).toEqual({ hits: 1, secondsLeft: 60 });
    jest.advanceTimersByTime(59_500);
    expect(counters.hit(policy(60_000), 'x')).toEqual({ hits: 2, secondsLeft: 1 });
  });

  it('counts policies and trackers apart', () => {
    const counters = new MemoryCounters();
    counters.hit(policy(1_000), 'x');
    expect(counters.hit(policy(1_000, 'b'), 'x').hits).toBe(1);
    expect(counters.hit(policy(1_000), 'y').hits).toBe(1);
  });

  it('loses no window that runs while the ended ones are swept', () => {
    const counters = new MemoryCounters();
    counters.hit(policy(3_600_000), 'long');
    for (let minute = 0; minute < 5; minute += 1) {
      jest.advanceTimersByTime(60_000);
      counters.hit(policy(1_000), `short ${minute}`);
    }
    expect(counters.hit(policy(3_600_000), 'long').hits).toBe(2);
  });

  it('forgets the oldest in a flood of addresses, so that memory is bounded', () => {
    const counters = new MemoryCounters();
    for (let n = 0; n <= 200_000; n += 1) counters.hit(policy(60_000), `address ${n}`);
    const hits = (n: number): number => counters.hit(policy(60_000), `address ${n}`).hits;
    expect([hits(200_000), hits(1), hits(0)]).toEqual([2, 2, 1]);
  });
});

it.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:DB8::1:2:3:4', '2001:db8::/64'],
  ['2001:db8:0:1:a::', '2001:db8:0:1::/64'],
  ['::1', '::1'],
  ['unknown', 'unknown'],
])('counts %s as %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});
