import { setTimeout as delay } from 'node:timers/promises';

export { delay };

/** Polls until a condition holds. @throws Error after a while */
export async function until(condition, { within = 60_000, every = 20, what = String(condition) } = {}) {
  const end = Date.now() + within;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not within ${within} ms: ${what}`);
    await delay(every);
  }
}

/** @throws Error when nothing works again */
export async function withinAMinute(moment) {
  const timer = new AbortController();
  const late = delay(60_000, undefined, { signal: timer.signal }).then(() => {
    throw new Error('no 2xx within a minute of its return');
  });
  try {
    return await Promise.race([moment, late]);
  } finally {
    timer.abort();
    late.catch(() => undefined);
  }
}

export function seconds(ms) {
  if (ms < 950) return `${ms < 10 ? Math.ceil(ms) : Math.round(ms / 10) * 10} ms`;
  return `${(ms / 1_000).toFixed(1)} s`;
}
