import { delay } from '../support/time.mjs';
import { underLoad } from '../support/under-load.mjs';

export const title = 'network to PostgreSQL cut, then back';

export async function inflict({ relay }) {
  await relay.cut();
  await delay(2_000);
  await relay.restore();
}

export const run = (how) => underLoad(how, { strokes: [3, 20], inflict });
