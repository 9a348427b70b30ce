import { delay } from '../support/time.mjs';
import { underLoad } from '../support/under-load.mjs';

export const title = 'connections to PostgreSQL are reset after a COMMIT or a statement was sent, before its answer';

const [BIND, PARSE] = [...Buffer.from('BP')];

export async function inflict({ relay, full }) {
  relay.breaksAt = (bytes) =>
    (bytes.includes('COMMIT') && Math.random() < 0.3) || ([BIND, PARSE].includes(bytes[0]) && Math.random() < 0.05);
  await delay(full ? 20_000 : 4_000);
  relay.breaksAt = () => false;
}

export const run = (how) => underLoad(how, { strokes: [2, 10], inflict });
