import { delay } from '../support/time.mjs';
import { underLoad } from '../support/under-load.mjs';

export const title = 'SIGTERM, SIGINT, SIGHUP, and SIGTERM twice to Roost, started again';

export async function inflict({ roost, stroke }) {
  const signals = [['SIGTERM'], ['SIGINT'], ['SIGHUP'], ['SIGTERM', 'SIGTERM']][(stroke - 1) % 4];
  for (const signal of signals) {
    roost.child.kill(signal);
    await delay(200);
  }
  const code = await roost.child.ended;
  if (code !== 0) throw new Error(`Roost ended with ${code} after ${signals.join(' and ')}`);
  await roost.start();
}

export const run = (how) => underLoad(how, { strokes: [4, 20], inflict });
