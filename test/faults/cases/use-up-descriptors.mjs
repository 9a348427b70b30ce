import { connect } from 'node:net';

import { delay } from '../support/time.mjs';
import { underLoad } from '../support/under-load.mjs';

export const title = '1,000 connections to a Roost that may have 512 files open, then none';

export async function inflict({ roost, full }) {
  const sockets = Array.from({ length: 1_000 }, () => connect(roost.port, '127.0.0.1').on('error', () => undefined));
  await delay(full ? 30_000 : 5_000);
  for (const socket of sockets) socket.destroy();
}

export const run = (how) => underLoad(how, { strokes: [2, 5], env: { DESCRIPTORS: '512' }, inflict });
