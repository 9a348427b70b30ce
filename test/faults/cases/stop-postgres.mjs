import { underLoad } from '../support/under-load.mjs';

export const title = 'immediate and fast shutdown of PostgreSQL, started again';

export async function inflict({ server, stroke }) {
  await server.end(stroke % 2 === 1 ? 'SIGQUIT' : 'SIGINT');
  await server.start();
}

export const run = (how) => underLoad(how, { strokes: [4, 20], inflict });
