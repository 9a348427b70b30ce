/** A Roost that is stopped in the moment in which it hands its port over: `node stopped-at-handover.mjs <database>`. */
import { createLogger } from '../../dist/common/logger.js';
import { loadConfig } from '../../dist/config/config.js';
import { run } from '../../dist/running.js';
import { Roost } from '../../dist/roost.js';
import { StartingServer } from '../../dist/starting-server.js';

const JWT_SECRET = 'a-key-of-the-tests-that-nobody-else-may-use';
const logger = createLogger('warn');
const roost = new Roost(loadConfig({ NODE_ENV: 'test', PORT: '0', JWT_SECRET }), logger, {
  database: { open: () => Promise.resolve(process.argv[2]), close: () => Promise.resolve() },
  listen: async () => {
    const port = await StartingServer.listen(0, '127.0.0.1');
    const handOver = port.handOverTo.bind(port);
    port.handOverTo = (next) => {
      handOver(next);
      void roost.stop(0);
    };
    return port;
  },
  onReady: () => undefined,
});
await run(roost, logger, (explanation) => process.stderr.write(explanation));
