import { underLoad } from '../support/under-load.mjs';

export const title = '`kill -9` of PostgreSQL, started again';

export async function inflict({ server }) {
  await server.end('SIGKILL');
  await server.start();
}

export const run = (how) => underLoad(how, { strokes: [3, 20], inflict });
