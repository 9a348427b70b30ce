/** The test kit: `import { startRoost } from 'roost/testing'`. Nothing of the product imports it. */
import { ConfigError } from '../config/environment.js';
import { joinCluster } from './cluster.js';
import type { Roost, StartOptions } from './kit.js';

export { startCluster } from './cluster.js';

export async function startRoost({ env = {} }: StartOptions = {}): Promise<Roost<unknown>> {
  refuseProduction(env);
  refuseDatabases(env);
  const [cluster, { RunningRoost }] = await Promise.all([joinCluster(), import('./running-roost.js')]);
  try {
    return await RunningRoost.start(cluster, env);
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

function refuseProduction(env: Readonly<Record<string, string>>): void {
  if ([env.NODE_ENV, process.env.NODE_ENV].includes('production'))
    throw new ConfigError(['NODE_ENV is production, where the test kit does not run: it hands out accounts']);
}

/** Each Roost of the kit has a database of its own: another one would be written to. */
function refuseDatabases(env: Readonly<Record<string, string>>): void {
  const named = Object.keys(env).filter(
    (name) => /^(?:DATABASE_|DATA_DIR$)/.test(name) && name !== 'DATABASE_PREPARED',
  );
  if (named.length > 0)
    throw new ConfigError(named.map((name) => `${name} is not for the test kit, which makes databases`));
}
