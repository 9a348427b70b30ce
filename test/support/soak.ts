/** `npm run test:soak` does the long forms: more rounds of a race, more rows in a table. */
const SOAK = process.env.SOAK === '1';

/** @param long how many in the soak; @param short how many in `npm test` */
export function soaked(long: number, short = Math.ceil(long / 10)): number {
  return SOAK ? long : short;
}
