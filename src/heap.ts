import { setFlagsFromString } from 'node:v8';

/** In percent of the live heap. With much memory, V8 lets garbage grow to three times of it before it collects all. */
const MOST_GARBAGE = 75;

/** Full collections through which V8 keeps a hidden class that no object has (by default two). With a class goes all optimised code that knows it. */
const CLASSES_KEPT = 100;

export function boundGarbage(): void {
  setFlagsFromString(`--heap-growing-percent=${MOST_GARBAGE}`);
  // V8 would make objects of some kinds old at birth. One such object makes all of its request old: a seventh of all memory.
  setFlagsFromString('--no-allocation-site-pretenuring');
  setFlagsFromString(`--retain-maps-for-n-gc=${CLASSES_KEPT}`);
}
