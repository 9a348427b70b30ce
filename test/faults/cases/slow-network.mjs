import { delay } from '../support/time.mjs';
import { underLoad } from '../support/under-load.mjs';

export const title = 'network to PostgreSQL takes 300 ms each way, then is as before';

export async function inflict({ relay, full }) {
  relay.delayMs = 300;
  await delay(full ? 30_000 : 8_000);
  relay.delayMs = 0;
}

export const run = (how) => underLoad(how, { strokes: [1, 5], inflict });
