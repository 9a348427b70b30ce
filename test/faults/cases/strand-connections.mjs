import { underLoad } from '../support/under-load.mjs';

export const title = 'all connections to PostgreSQL die without a word, new ones work';

export function inflict({ relay }) {
  relay.strand();
}

export const run = (how) => underLoad(how, { strokes: [3, 20], inflict });
