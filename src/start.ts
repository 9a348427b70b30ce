import type { Logger } from 'pino';

import { type Config, loadConfig } from './config/config.js';
import { readVariables } from './config/variables.js';
import { boundGarbage } from './heap.js';
import { ignoreClosedTerminal, loadRoost, loggerOf, run, type Running } from './running.js';
import { explain } from './start-errors.js';

export async function start(onMade: (running: Running) => void): Promise<void> {
  ignoreClosedTerminal();
  boundGarbage();
  try {
    const config = loadConfig(readVariables());
    const logger = loggerOf(config);
    const running = await (config.workers > 1 ? primary : single)(config, logger);
    onMade(running);
    await run(running, logger, complain);
  } catch (error) {
    complain(explain(error));
    process.exit(1);
  }
}

async function primary(config: Config, logger: Logger): Promise<Running> {
  const { Primary } = await import('./workers/primary.js');
  return new Primary(config, logger);
}

async function single(config: Config, logger: Logger): Promise<Running> {
  const Roost = await loadRoost();
  const { StartDatabase } = await import('./start-database.js');
  const { StartingServer } = await import('./starting-server.js');
  const { sayReady } = await import('./say-ready.js');
  const database = new StartDatabase(config, logger);
  return new Roost(config, logger, {
    database,
    listen: () => StartingServer.listen(config.http.port, config.http.host),
    onReady: (address) => {
      sayReady(config, logger, { address, embedded: database.embedded });
    },
  });
}

function complain(explanation: string): void {
  process.stderr.write(`\nRoost could not start.\n\n${explanation}\n\n`);
}
