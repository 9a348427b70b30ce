/** A process that starts the embedded PostgreSQL as Roost does, for tests that kill it: node embedded-roost.mjs <module> <options>. */
const [module = '', options = '{}'] = process.argv.slice(2);

/** @param {unknown} message */
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

const { startEmbeddedPostgres } = await import(module);
try {
  const { lingers = true, ...start } = JSON.parse(options);
  const { url, superuserUrl, dataDir, notices } = await startEmbeddedPostgres(start);
  say({ url, superuserUrl, dataDir, notices });
  if (lingers) process.stdin.resume();
} catch (error) {
  const { name, message } = /** @type {Error} */ (error);
  say({ name, message });
  process.exitCode = 1;
}
