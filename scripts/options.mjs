/** The options of a benchmark and the like. --help shows them with their defaults, and so does a wrong one. */
import { parseArgs } from 'node:util';

const NUMBERS = /^\d+(?:\.\d+)?(?:,\d+(?:\.\d+)?)*$/;

/**
 * Where the default is a number, or several with commas between, so must be what is given.
 * @template {NonNullable<import('node:util').ParseArgsConfig['options']>} T
 * @param {T} options as of `parseArgs`
 * @returns {ReturnType<typeof parseArgs<{ options: T }>>['values']}
 */
export function readOptions(options) {
  const lines = Object.entries(options).map(([name, { type, default: usual }]) => {
    const value = type === 'boolean' ? '' : ` ${usual === undefined || usual === '' ? '…' : String(usual)}`;
    return `  --${name}${value}`;
  });
  const usage = `Options, with their defaults:\n${lines.join('\n')}\n`;
  if (process.argv.slice(2).some((argument) => ['--help', '-h'].includes(argument))) {
    process.stdout.write(usage);
    process.exit(0);
  }
  const refuse = (/** @type {string} */ why) => {
    process.stderr.write(`${why}\n${usage}`);
    process.exit(2);
  };
  try {
    const { values } = parseArgs({ options });
    for (const [name, { default: usual }] of Object.entries(options)) {
      const given = String(/** @type {Record<string, unknown>} */ (values)[name]);
      if (NUMBERS.test(String(usual)) && !NUMBERS.test(given)) refuse(`--${name} takes numbers, such as ${usual}.`);
    }
    return values;
  } catch (error) {
    return refuse(/** @type {Error} */ (error).message);
  }
}
