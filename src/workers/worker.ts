/** The entry point of the primary's children, which take their orders from it alone. */
import cluster from 'node:cluster';

import type { Config } from '../config/config.js';
import { boundGarbage } from '../heap.js';
import { ignoreClosedTerminal, type Running } from '../running.js';
import { explain } from '../start-errors.js';
import { StartingServer } from '../starting-server.js';
import { Line, type Message } from './line.js';

export interface Orders {
  readonly config: Config;
  /** Undefined for the child that answers until the first worker listens. */
  readonly number?: number;
}

const PATIENCE_MS = 5_000;

let end: () => void = () => process.exit(0);

// A terminal signals all processes of its group, and a service manager all of a service.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
ignoreClosedTerminal();
boundGarbage();

const line = new Line((message) => process.send?.(message, undefined, undefined, () => undefined), {
  stop: () => {
    end();
  },
});
process.on('message', (message: Message) => void line.receive(message));

try {
  const { config, number } = await line.ask<Orders>('begin');
  if (number === undefined) await answerUntilTold(config);
  else await serve(config, number);
} catch (error) {
  await tellFault(explain(error));
  process.exit(1);
}

async function answerUntilTold({ http }: Config): Promise<void> {
  const server = await StartingServer.listen(http.port, http.host);
  end = () => {
    server.letGo();
    // Connections that are on their way here go to others. Then nothing is left to do, and the process ends.
    cluster.worker?.disconnect();
  };
  line.tell('ready');
}

async function serve(config: Config, number: number): Promise<void> {
  const { serveWith } = await import('./serving.js');
  await serveWith(config, { number, line, tellFault, onMade });
}

function onMade(running: Running): void {
  end = () => void running.stop(0);
}

async function tellFault(explanation: string): Promise<void> {
  await line.ask('fault', { body: explanation, patienceMs: PATIENCE_MS });
}
