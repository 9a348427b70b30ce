import { failover } from '../support/failover.mjs';
import { beforePrimary } from '../support/haproxy.mjs';

export const title = 'failover: `kill -9` of the primary and its Patroni, synchronous standby';

export function run(options) {
  return failover(options, {
    needs: ['haproxy'],
    urlBefore: async (nodes) => `postgres://roost@127.0.0.1:${await beforePrimary(nodes)}/roost`,
  });
}
