/** `npm run test:soak` does the long forms: more rounds of a race, more rows in a table. */
const SOAK = process.env.SOAK === '1';

/** A test that builds and runs a copy of the project: too long for `npm test`, and a step of CI. */
export const itInSoak = SOAK ? it : it.skip;

/** @param long how many in the soak; @param short how many in `npm test` */
export function soaked(long: number, short = Math.ceil(long / 10)): number {
  return SOAK ? long : short;
}
