import { setFlagsFromString } from 'node:v8';

/** In percent of the live heap. With much memory, V8 lets garbage grow to three times of it before it collects all. */
const MOST_GARBAGE = 75;

export function boundGarbage(): void {
  setFlagsFromString(`--heap-growing-percent=${MOST_GARBAGE}`);
  // V8 would make objects of some kinds old at birth. One such object makes all of its request old: a seventh of all memory.
  setFlagsFromString('--no-allocation-site-pretenuring');
}
