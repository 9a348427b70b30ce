// @ts-check
/** Asks one address ten times a second over a connection of its own, and tells its parent how long each answer took. */
import { request, Agent } from 'node:http';

const EVERY_MS = 100;
const LIMIT_MS = 10_000;

const url = String(process.argv[2]);
const agent = new Agent({ keepAlive: true, maxSockets: 8 });

setInterval(() => {
  const startedAt = performance.now();
  const tell = (/** @type {number} */ status) => {
    process.send?.({ status, ms: performance.now() - startedAt });
  };
  const asked = request(url, { agent, timeout: LIMIT_MS }, (response) => {
    response.resume().on('end', () => tell(Number(response.statusCode)));
  });
  asked
    .on('timeout', () => asked.destroy())
    .on('error', () => tell(0))
    .end();
}, EVERY_MS);
process.on('disconnect', () => process.exit());
