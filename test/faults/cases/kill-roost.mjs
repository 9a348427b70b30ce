import { delay } from '../support/time.mjs';
import { underLoad } from '../support/under-load.mjs';

export const title = '`kill -9` of Roost, started again';

export async function inflict({ roost }) {
  await roost.end('SIGKILL');
  await delay(100);
  await roost.start();
}

export const run = (how) => underLoad(how, { strokes: [3, 20], inflict });
