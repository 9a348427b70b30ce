import { delay } from '../support/time.mjs';
import { underLoad } from '../support/under-load.mjs';

export const title = 'PostgreSQL frozen (SIGSTOP), then thawed';

export async function inflict({ server, full }) {
  server.freeze();
  await delay(full ? 30_000 : 8_000);
  server.thaw();
}

export const run = (how) => underLoad(how, { strokes: [2, 5], inflict });
