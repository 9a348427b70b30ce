import { underLoad } from '../support/under-load.mjs';

export const title = '`pg_terminate_backend` of all connections';

export function inflict({ server }) {
  return server.ask(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                      WHERE datname = 'roost' AND pid <> pg_backend_pid()`);
}

export const run = (how) => underLoad(how, { strokes: [5, 20], inflict });
