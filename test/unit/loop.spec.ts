import { Loop } from '../../src/common/loop.js';
import { eventually } from '../support/process.js';

it('is started again also when it was done, and woken, before its first run', async () => {
  let [isDone, runs] = [true, 0];
  const run = (): Promise<void> => {
    runs += 1;
    return Promise.resolve();
  };
  const loop = new Loop({ pauseMs: () => 1, isDone: () => isDone, run });
  loop.wake();
  loop.start();
  await loop.ended();
  isDone = false;
  loop.start();
  await eventually(() => runs > 0);
  await loop.stop();
});
