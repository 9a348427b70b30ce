import { delay } from '../support/time.mjs';
import { underLoad } from '../support/under-load.mjs';

export const title = 'network to PostgreSQL silent, then back';

export async function inflict({ relay, full }) {
  relay.freeze();
  await delay(full ? 30_000 : 8_000);
  relay.thaw();
}

export const run = (how) => underLoad(how, { strokes: [2, 5], inflict });
