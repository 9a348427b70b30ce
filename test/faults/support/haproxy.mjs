/** HAProxy: before Roost as deploy/haproxy has it, and before the servers of PostgreSQL. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { endWithUs, ownFolder, run, start } from './children.mjs';
import { freePort, HAProxy } from './typescript.mjs';

/** @returns the address of the shipped configuration before these instances */
export async function beforeRoosts(roosts) {
  const proxy = await HAProxy.before(roosts.map(({ port }) => port));
  endWithUs(() => [proxy.pid]);
  return proxy;
}

/**
 * @param nodes `{ port, rest }`: of PostgreSQL, and of the Patroni that knows whether it is the primary
 * @returns the port that leads to the primary
 */
export async function beforePrimary(nodes) {
  const port = await freePort();
  const file = join(ownFolder('haproxy'), `${port}.cfg`);
  writeFileSync(
    file,
    `global
  maxconn 1000
defaults
  mode tcp
  timeout connect 1s
  timeout client 1h
  timeout server 1h
listen primary
  bind 127.0.0.1:${port}
  option httpchk OPTIONS /primary
  http-check expect status 200
  default-server inter 500ms fall 2 rise 1 on-marked-down shutdown-sessions
${nodes.map((node, index) => `  server node${index} 127.0.0.1:${node.port} check port ${node.rest}`).join('\n')}
`,
  );
  run('haproxy', ['-c', '-f', file]);
  start('haproxy', ['-db', '-f', file]);
  return port;
}
